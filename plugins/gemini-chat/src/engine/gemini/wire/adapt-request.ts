import type { Content, EngineRequest, Part } from '../../types'

/** Stands in place of a file that the model does not take. */
const FILE_PLACEHOLDER = '[a file that this model cannot read]'

/** Follows the system instruction where it is the first turn: some models take only alternating roles. */
const ACKNOWLEDGEMENT: Content = { role: 'model', parts: [{ text: 'OK.' }] }

/** Fits a request to a model that lacks features: a system instruction becomes the first turn, the rest is left out. */
export function withoutFeatures(request: EngineRequest): EngineRequest {
  const lacks = new Set(request.without)
  if (!lacks.size) return request
  const adapted = { ...request }
  if (lacks.has('tools')) {
    const { tools: _, toolConfig: __, ...native } = request.native ?? {}
    Object.assign(adapted, { tools: undefined, native })
  }
  if (lacks.has('thinking')) adapted.thinking = undefined
  if (lacks.has('files')) adapted.contents = adapted.contents.map(withoutFiles)
  if (lacks.has('system') && request.system) {
    adapted.system = undefined
    adapted.contents = [{ role: 'user', parts: [{ text: request.system }] }, ACKNOWLEDGEMENT, ...adapted.contents]
  }
  return adapted
}

function withoutFiles({ role, parts }: Content): Content {
  return { role, parts: parts.map(part => part.inlineData ? { text: FILE_PLACEHOLDER } : part) }
}

/**
 * Removes what only earlier rounds needed: summaries of thoughts, whose signatures stay, and messages that held nothing
 * else. The API does not take thoughts back, and they cost tokens.
 * @see https://ai.google.dev/gemini-api/docs/thought-signatures
 */
export function withoutThoughts(contents: Content[]): Content[] {
  if (!contents.some(({ parts }) => parts.some(part => part.thought))) return contents
  return contents.map(({ role, parts }) => ({ role, parts: parts.flatMap(withoutThought) }))
    .filter(({ parts }) => parts.length > 0)
}

function withoutThought(part: Part): Part[] {
  if (!part.thought) return [part]
  return part.thoughtSignature ? [{ text: '', thoughtSignature: part.thoughtSignature }] : []
}
