import { randomUUID } from 'node:crypto'
import type { FileData, JsonObject, Part, ToolCall, ToolResult } from '../types'

/**
 * A part as Gemini writes and takes it. Fields beyond these are kept as they are.
 * @see https://ai.google.dev/api/caching#Part
 */
export interface WirePart {
  text?: string
  thought?: boolean
  thoughtSignature?: string
  inlineData?: FileData
  functionCall?: { id?: string, name?: string, args?: JsonObject }
  functionResponse?: { id?: string, name: string, response: JsonObject }
  [field: string]: unknown
}

/** Begins the ids of calls to which Gemini has given none; those are not sent. */
const OWN_ID_PREFIX = 'gemini-chat-'

/** Fields of a part that hold a program or its output, which stand in the text as well. */
const CODE_FIELDS = ['executableCode', 'codeExecutionResult']

/** A part of an answer in the terms of the engine contract. What they lack is kept in `native`. */
export function decodePart(wire: WirePart): Part {
  const { text, thought, inlineData, functionCall, ...fields } = wire
  const code = text ? undefined : codeBlock(wire)
  return {
    ...(code ?? text) !== undefined && { text: code ?? text },
    ...thought && { thought },
    ...inlineData && { file: inlineData },
    ...functionCall && { toolCall: decodeCall(functionCall) },
    ...Object.keys(fields).length && { native: { engine: 'gemini' as const, fields } },
  }
}

/** A part of a request. @returns undefined if nothing is left that Gemini reads */
export function encodePart({ text, thought, file, toolCall, toolResult, native }: Part): WirePart | undefined {
  const fields = native?.engine === 'gemini' ? native.fields : {}
  const isCode = CODE_FIELDS.some(field => field in fields)
  const wire: WirePart = {
    ...text !== undefined && !isCode && { text },
    ...thought && { thought },
    ...file && { inlineData: file },
    ...toolCall && { functionCall: encodeCall(toolCall) },
    ...toolResult && { functionResponse: encodeResult(toolResult) },
    ...fields,
  }
  return Object.keys(wire).length ? wire : undefined
}

function decodeCall({ id, name, args }: NonNullable<WirePart['functionCall']>): ToolCall {
  return { id: id || OWN_ID_PREFIX + randomUUID(), name: String(name ?? ''), arguments: args ?? {} }
}

function encodeCall({ id, name, arguments: args }: ToolCall) {
  return { ...sentId(id), name, args }
}

/** @see https://ai.google.dev/api/caching#FunctionResponse */
function encodeResult({ id, name, content, isError }: ToolResult) {
  return { ...sentId(id), name, response: isError ? { error: content } : { output: content } }
}

function sentId(id: string) {
  return id.startsWith(OWN_ID_PREFIX) ? {} : { id }
}

/**
 * A program that the model ran on Google's side, or its output, as a Markdown code block.
 * @see https://ai.google.dev/api/caching#CodeExecutionResult
 */
function codeBlock({ executableCode, codeExecutionResult }: WirePart): string | undefined {
  const { code, language } = (executableCode ?? {}) as { code?: string, language?: string }
  const { output } = (codeExecutionResult ?? {}) as { output?: string }
  const body = code ?? output
  if (typeof body !== 'string' || !body.trim()) return
  const longestRun = Math.max(2, ...body.match(/`+/g)?.map(run => run.length) ?? [])
  const fence = '`'.repeat(longestRun + 1)
  const info = code === undefined ? '' : String(language ?? '').toLowerCase().replace(/\W/g, '')
  return `\n\n${fence}${info}\n${body.replace(/\n+$/, '')}\n${fence}\n\n`
}
