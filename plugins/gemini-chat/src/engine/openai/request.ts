import { EngineError } from '../error'
import type { EngineRequest, JsonObject, ToolDeclaration } from '../types'
import type { ServiceDialect } from './dialect'
import { encodeMessages } from './messages'

/** Control characters, which no name of a model has. */
const CONTROL = /[\x00-\x1f\x7f]/

/**
 * The body of a request. Tools of `EngineRequest.tools` run at Google only and are left out; fields of `native` are
 * added as they are.
 * @see https://platform.openai.com/docs/api-reference/chat/create
 * @throws {EngineError} `model` if there is no model, or its name has characters that no name has
 */
export function encodeCompletionRequest(request: EngineRequest, dialect: ServiceDialect): JsonObject {
  const { contents, system, maxOutputTokens, thinking, toolDeclarations = [], toolChoice, native } = request
  const model = request.model.trim()
  if (!model || CONTROL.test(model)) {
    throw new EngineError('model', 'the model name is empty or has characters no model name has')
  }
  return {
    model,
    messages: encodeMessages(contents, system, dialect.reasoning),
    stream: true,
    ...dialect.usage && { stream_options: { include_usage: true } },
    ...maxOutputTokens && { [dialect.limit]: maxOutputTokens },
    ...thinking?.level && { reasoning_effort: thinking.level },
    ...toolDeclarations.length && { tools: toolDeclarations.map(encodeDeclaration) },
    ...toolDeclarations.length && toolChoice && { tool_choice: toolChoice },
    ...native,
  }
}

function encodeDeclaration({ name, description, parameters }: ToolDeclaration) {
  const schema = Object.keys(parameters).length ? parameters : { type: 'object', properties: {} }
  return { type: 'function', function: { name, description, parameters: schema } }
}
