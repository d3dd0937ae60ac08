import { withoutUnpairedTools } from '../tool-pairs'
import type { Content, FileData, JsonObject, Part, ToolCall } from '../types'

/** @see https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages */
export type WireMessage =
  | { role: 'system', content: string }
  | { role: 'user', content: string | WireContentPart[] }
  | { role: 'assistant', content: string | null, reasoning_content?: string, tool_calls?: WireToolCall[] }
  | { role: 'tool', tool_call_id: string, content: string }

export type WireContentPart =
  | { type: 'text', text: string }
  | { type: 'image_url', image_url: { url: string } }
  | { type: 'input_audio', input_audio: { data: string, format: 'wav' | 'mp3' } }

export interface WireToolCall {
  id: string
  type: 'function'
  function: { name: string, arguments: string }
  [field: string]: unknown
}

/** Stands in place of a file that this dialect has no form for. */
const FILE_PLACEHOLDER = '[a file that this model cannot read]'

const AUDIO_FORMATS: Record<string, 'wav' | 'mp3'> = {
  'audio/wav': 'wav', 'audio/x-wav': 'wav', 'audio/wave': 'wav', 'audio/mpeg': 'mp3', 'audio/mp3': 'mp3',
}

/**
 * The messages of a request. Thoughts are left out, except where a service wants those that led to calls of tools.
 * @param wantsReasoning that service wants a field for thoughts even where there are none
 */
export function encodeMessages(
  contents: Content[], system: string | undefined, wantsReasoning: boolean,
): WireMessage[] {
  const messages: WireMessage[] = system ? [{ role: 'system', content: system }] : []
  for (const content of withoutUnpairedTools(contents)) {
    if (content.role === 'model') messages.push(...encodeAnswer(content.parts, wantsReasoning))
    else if (content.role === 'tool') messages.push(...content.parts.flatMap(encodeResult))
    else messages.push({ role: 'user', content: encodeQuestion(content.parts) })
  }
  return messages
}

/** A text alone stays a string: some services take nothing else. */
function encodeQuestion(parts: Part[]): string | WireContentPart[] {
  const encoded = parts.flatMap(encodeQuestionPart)
  const texts = encoded.flatMap(part => part.type === 'text' ? part.text : [])
  return texts.length === encoded.length ? texts.join('\n') : encoded
}

function encodeQuestionPart({ text, thought, file }: Part): WireContentPart[] {
  if (file) return [encodeFile(file)]
  return text && !thought ? [{ type: 'text', text }] : []
}

function encodeFile({ mimeType, data }: FileData): WireContentPart {
  if (mimeType.startsWith('image/')) return { type: 'image_url', image_url: { url: `data:${mimeType};base64,${data}` } }
  const format = AUDIO_FORMATS[mimeType]
  if (format) return { type: 'input_audio', input_audio: { data, format } }
  const isText = mimeType.startsWith('text/') || mimeType === 'application/json'
  return { type: 'text', text: isText ? Buffer.from(data, 'base64').toString() : FILE_PLACEHOLDER }
}

function encodeAnswer(parts: Part[], wantsReasoning: boolean): WireMessage[] {
  const content = parts.map(({ text, thought }) => thought ? '' : text ?? '').join('')
  const calls = parts.flatMap(({ toolCall, native }) => {
    return toolCall ? [encodeCall(toolCall, native?.engine === 'openai' ? native.fields : {})] : []
  })
  if (!calls.length) return content ? [{ role: 'assistant', content }] : []
  const reasoning = parts.map(({ text, thought }) => thought ? text ?? '' : '').join('')
  return [{
    role: 'assistant',
    content: content || null,
    ...wantsReasoning && { reasoning_content: reasoning },
    tool_calls: calls,
  }]
}

/** Services parse the arguments of earlier calls and refuse malformed ones, so those are sent as none. */
function encodeCall({ id, name, arguments: args }: ToolCall, fields: JsonObject): WireToolCall {
  return { ...fields, id, type: 'function', function: { name, arguments: JSON.stringify(args) } }
}

function encodeResult({ toolResult }: Part): WireMessage[] {
  if (!toolResult) return []
  const { id, content, isError } = toolResult
  return [{ role: 'tool', tool_call_id: id, content: isError ? `Error: ${content}` : content }]
}
