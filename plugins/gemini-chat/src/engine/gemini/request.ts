import type { GenerateContentRequest } from '@google/generative-ai'
import { EngineError } from '../error'
import type { EngineRequest, JsonObject } from '../types'
import { withoutFeatures } from '../without-features'
import { encodeContents } from './contents'
import { encodeTools } from './declare-tools'
import { fitGenerationConfig } from './generation-config'
import type { GenerationConfig } from './generation-config'

/** What `EngineRequest.native` may hold for Gemini. Other fields of the body can be added as well. */
export interface NativeFields {
  /** Added to the tools of the request. */
  tools?: object[]
  /** Added to what the request says of tools. */
  toolConfig?: JsonObject
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
  const { model, contents, system } = request
  if (!/^(\w+\/)?[\w.-]+$/.test(model)) throw new EngineError('model', 'the model name has characters no model name has')
  const { tools: nativeTools, toolConfig, generationConfig, ...native } = (request.native ?? {}) as NativeFields
  const encoded = encodeTools(request, nativeTools)
  return {
    contents: encodeContents(contents, request),
    ...system && { systemInstruction: system },
    ...encoded,
    ...toolConfig && { toolConfig: { ...encoded.toolConfig, ...toolConfig } },
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
