import type { Content, EngineRequest, Part } from './types'

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
    Object.assign(adapted, { tools: undefined, toolDeclarations: undefined, toolChoice: undefined, native })
    adapted.contents = adapted.contents.map(withToolsAsText)
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
  return { role, parts: parts.map(part => part.file ? { text: FILE_PLACEHOLDER } : part) }
}

/** Calls and results as text, for a model that knows neither. Results come from our side. */
function withToolsAsText({ role, parts }: Content): Content {
  return { role: role === 'tool' ? 'user' : role, parts: parts.map(toolAsText) }
}

function toolAsText(part: Part): Part {
  const { toolCall, toolResult } = part
  if (toolCall) return { text: `[call of ${toolCall.name}: ${JSON.stringify(toolCall.arguments)}]` }
  return toolResult ? { text: `[result of ${toolResult.name}]\n${toolResult.content}` } : part
}
