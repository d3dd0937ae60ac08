import type { Call } from '../http/call'
import { classifyError, errorInBody } from './classify-error'
import { CALL_ID_HEADER } from './fetch'
import type { Fetch } from '../http/transport'
import type { ModelInfo } from '../types'

interface ListedModel {
  name: string
  inputTokenLimit?: number
  outputTokenLimit?: number
  supportedGenerationMethods?: string[]
}

/** Pages that are read: Google has one. */
const MAX_PAGES = 50

/** @see https://ai.google.dev/api/models#method:-models.list */
interface Page {
  models?: ListedModel[]
  nextPageToken?: string
}

/**
 * Reads the list of models page by page, which the SDK cannot do.
 * @param endpoint the base URL with its version
 */
export async function listModels(fetch: Fetch, endpoint: string, call: Call): Promise<ModelInfo[]> {
  const headers = { 'x-goog-api-key': call.key, [CALL_ID_HEADER]: call.id }
  const models: ModelInfo[] = []
  const seen = new Set<string>()
  let token = ''
  do {
    seen.add(token)
    const query = new URLSearchParams({ pageSize: '1000', ...token && { pageToken: token } })
    const response = await fetch(`${endpoint}/models?${query}`, { headers })
    call.deadline.noteActivity()
    const page = await response.json() as Page
    if (errorInBody(page)) throw classifyError(page, { secret: call.key })
    for (const model of page.models ?? []) {
      models.push({
        name: model.name.replace(/^models\//, ''),
        inputTokenLimit: model.inputTokenLimit,
        outputTokenLimit: model.outputTokenLimit,
        isChatModel: isChatModel(model),
      })
    }
    token = page.nextPageToken ?? ''
  } while (token && !seen.has(token) && seen.size < MAX_PAGES)
  return models
}

/** Names of models that generate content, but not text from text. The list does not tell them apart otherwise. */
const SPECIAL_PURPOSE = /embedding|banana|aqa|-(image|tts|audio|live|robotics|computer-use)\b/

/** Models that draw answer in words as well. */
const DRAWING = /^models\/gemini-.*-image\b(?!.*-(tts|audio|live)\b)/

function isChatModel({ name, supportedGenerationMethods = [] }: ListedModel) {
  return supportedGenerationMethods.includes('generateContent') && (DRAWING.test(name) || !SPECIAL_PURPOSE.test(name))
}
