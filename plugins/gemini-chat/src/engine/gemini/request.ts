import type { GenerateContentRequest } from '@google/generative-ai'
import { EngineError } from '../error'
import type { Content, EngineRequest, EngineTool, Part } from '../types'
import { fitGenerationConfig } from './generation-config'
import type { GenerationConfig } from './generation-config'
import { withoutFeatures, withoutThoughts } from './wire/adapt-request'

/**
 * @see https://ai.google.dev/gemini-api/docs/google-search
 * @see https://ai.google.dev/gemini-api/docs/url-context
 * @see https://ai.google.dev/gemini-api/docs/code-execution
 */
const TOOLS: Record<EngineTool, object> = {
  search: { googleSearch: {} },
  'url-context': { urlContext: {} },
  'code-execution': { codeExecution: {} },
}

/** What `EngineRequest.native` may hold for Gemini. Other fields of the body can be added as well. */
export interface NativeFields {
  /** Added to the tools of the request. */
  tools?: object[]
  toolConfig?: object
  safetySettings?: object[]
  /** Added to what the request says of length and thinking. What the model does not take is translated or left out. */
  generationConfig?: GenerationConfig
}

/**
 * The body of a request. The SDK's types lack fields that the API has, and the SDK passes on what it gets: hence the
 * cast.
 * @see https://ai.google.dev/api/generate-content#request-body
 * @throws {EngineError} `model` if the model's name has characters no name has: it becomes part of the URL
 */
export function encodeRequest(given: EngineRequest): GenerateContentRequest {
  const request = withoutFeatures(given)
  const { model, contents, system, portable } = request
  if (!/^(\w+\/)?[\w.-]+$/.test(model)) throw new EngineError('model', 'the model name has characters no model name has')
  const { tools: nativeTools = [], generationConfig, ...native } = (request.native ?? {}) as NativeFields
  const tools = [...request.tools?.map(tool => TOOLS[tool]).filter(Boolean) ?? [], ...nativeTools]
  return {
    contents: withoutThoughts(portable ? withoutSignatures(contents) : contents),
    ...system && { systemInstruction: system },
    ...tools.length && { tools },
    ...native,
    generationConfig: fitGenerationConfig(model, { ...generationConfigOf(request), ...generationConfig }),
  } as GenerateContentRequest
}

/** @see https://ai.google.dev/api/generate-content#generationconfig */
export function generationConfigOf({ maxOutputTokens, thinking }: Pick<EngineRequest, 'maxOutputTokens' | 'thinking'>) {
  const { level, summaries } = thinking ?? {}
  const config: GenerationConfig = {}
  if (maxOutputTokens) config.maxOutputTokens = maxOutputTokens
  if (level || summaries) {
    config.thinkingConfig = {
      ...level && { thinkingLevel: level.toUpperCase() },
      ...summaries && { includeThoughts: true },
    }
  }
  return config
}

/**
 * Removes thought signatures, which are refused after some changes of model or key.
 * @see https://ai.google.dev/gemini-api/docs/thought-signatures
 */
function withoutSignatures(contents: Content[]): Content[] {
  return contents.map(({ role, parts }) => {
    const bare: Part[] = parts.map(({ thoughtSignature: _, ...part }) => part)
    return { role, parts: bare.filter(part => Object.keys(part).length > 0) }
  })
}
