import type { EngineRequest, EngineTool, JsonObject, ToolDeclaration } from '../types'
import { modelVersion } from './generation-config'

/**
 * @see https://ai.google.dev/gemini-api/docs/google-search
 * @see https://ai.google.dev/gemini-api/docs/url-context
 * @see https://ai.google.dev/gemini-api/docs/code-execution
 */
const HOSTED_TOOLS: Record<EngineTool, object> = {
  search: { googleSearch: {} },
  'url-context': { urlContext: {} },
  'code-execution': { codeExecution: {} },
}

/** Models before this version refuse tools of Google's and of ours in one request. */
const COMBINED_TOOLS_VERSION = 3

export interface WireTools {
  tools?: object[]
  toolConfig?: JsonObject
}

/**
 * The tools of a request. Where a model takes either Google's tools or ours, it gets ours.
 * @param added tools of `EngineRequest.native`
 * @see https://ai.google.dev/gemini-api/docs/function-calling
 * @see https://ai.google.dev/gemini-api/docs/tool-combination
 */
export function encodeTools(
  { model, tools = [], toolDeclarations = [], toolChoice }: EngineRequest, added: object[] = [],
): WireTools {
  const hosted = tools.flatMap(tool => HOSTED_TOOLS[tool] ?? [])
  if (!toolDeclarations.length) return hosted.length + added.length ? { tools: [...hosted, ...added] } : {}
  const areCombined = hosted.length > 0 && modelVersion(model) >= COMBINED_TOOLS_VERSION
  const declared = { functionDeclarations: toolDeclarations.map(encodeDeclaration) }
  const toolConfig = {
    ...areCombined && { includeServerSideToolInvocations: true },
    ...toolChoice === 'none' && { functionCallingConfig: { mode: 'NONE' } },
  }
  return {
    tools: [...areCombined ? hosted : [], declared, ...added],
    ...Object.keys(toolConfig).length && { toolConfig },
  }
}

/** Gemini refuses an object without properties: a tool without arguments has no parameters. */
function encodeDeclaration({ name, description, parameters }: ToolDeclaration) {
  const { properties } = parameters as { properties?: object }
  if (!properties || !Object.keys(properties).length) return { name, description }
  return { name, description, [isOpenApiSchema(parameters) ? 'parameters' : 'parametersJsonSchema']: parameters }
}

/**
 * What `parameters` takes. Other keywords go into `parametersJsonSchema`, which some relays do not know.
 * @see https://ai.google.dev/api/caching#Schema
 */
const OPEN_API_KEYWORDS = new Set([
  'type', 'format', 'title', 'description', 'nullable', 'enum', 'maxItems', 'minItems', 'properties', 'required',
  'minProperties', 'maxProperties', 'minLength', 'maxLength', 'pattern', 'example', 'anyOf', 'default', 'items',
  'minimum', 'maximum',
])

interface SchemaFields {
  type?: unknown
  properties?: object
  items?: unknown
  anyOf?: unknown
  enum?: unknown
}

function isOpenApiSchema(schema: unknown): boolean {
  if (!schema || typeof schema !== 'object' || Array.isArray(schema)) return false
  const { type, properties = {}, items, anyOf, enum: values = [] } = schema as SchemaFields
  return Object.keys(schema).every(keyword => OPEN_API_KEYWORDS.has(keyword))
    && (type === undefined || typeof type === 'string')
    && Array.isArray(values) && values.every(value => typeof value === 'string')
    && Object.values(properties).every(isOpenApiSchema)
    && (items === undefined || isOpenApiSchema(items))
    && (anyOf === undefined || (Array.isArray(anyOf) && anyOf.every(isOpenApiSchema)))
}
