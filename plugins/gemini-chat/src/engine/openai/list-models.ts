import type { Call } from '../http/call'
import type { Fetch } from '../http/transport'
import type { ModelInfo } from '../types'
import { readChunks } from './response'
import { send } from './send'

/** A model of the list. The names of its token limit are those of OpenRouter, vLLM, Groq and LM Studio. */
interface ListedModel {
  id?: unknown
  context_length?: unknown
  max_model_len?: unknown
  context_window?: unknown
  max_context_length?: unknown
}

/** Names of models that answer with something else than text. The list does not tell them apart otherwise. */
const SPECIAL_PURPOSE = new RegExp([
  'embed', '\\bbge\\b', 'rerank', 'whisper', 'transcribe', '\\b(tts|asr|audio|realtime|speech|moderation|image|ocr)\\b',
  'dall-e', '\\bwanx?\\b', 'stable-diffusion', 'flux', 'sora', 'davinci', 'babbage',
].join('|'), 'i')

/**
 * Reads the list of models.
 * @see https://platform.openai.com/docs/api-reference/models/list
 */
export async function listOpenAiModels(fetch: Fetch, url: string, call: Call): Promise<ModelInfo[]> {
  const response = await send(fetch, url, call)
  const models: ModelInfo[] = []
  for await (const body of readChunks(response, call)) {
    const { data, models: named } = body as { data?: unknown, models?: unknown }
    const list = [data, named].find(Array.isArray) as ListedModel[] | undefined
    models.push(...(list ?? [body as ListedModel]).flatMap(describe))
  }
  return models
}

function describe(model: ListedModel | null): ModelInfo[] {
  if (!model || typeof model.id !== 'string' || !model.id) return []
  const { id: name } = model
  const limits = [model.context_length, model.max_model_len, model.context_window, model.max_context_length]
  const inputTokenLimit = limits.find((limit): limit is number => typeof limit === 'number' && limit > 0)
  return [{ name, inputTokenLimit, isChatModel: !SPECIAL_PURPOSE.test(name) }]
}
