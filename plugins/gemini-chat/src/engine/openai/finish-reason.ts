import type { EndReason } from '../types'

/**
 * What services call the end of an answer, in lower case.
 * @see https://platform.openai.com/docs/api-reference/chat/object#chat-object-choices-finish_reason
 * @see https://api-docs.deepseek.com/api/create-chat-completion
 */
const FINISHES: Record<'stop' | 'length' | 'filter' | 'failure', readonly string[]> = {
  stop: ['stop', 'tool_calls', 'function_call', 'tool_use', 'end_turn', 'stop_sequence', 'eos', 'eos_token', 'completed', 'complete'],
  length: ['length', 'max_tokens', 'max_output_tokens', 'max_completion_tokens', 'model_length'],
  filter: ['content_filter', 'sensitive', 'safety', 'refusal', 'recitation', 'prohibited_content', 'blocklist'],
  failure: ['insufficient_system_resource', 'network_error', 'error', 'abort', 'cancelled', 'timeout'],
}

const byReason = new Map(Object.entries(FINISHES).flatMap(([finish, reasons]) => {
  return reasons.map(reason => [reason, finish as keyof typeof FINISHES])
}))

/** What a finish reason means. Unknown words, and none, are `other`: the answer is taken for complete. */
export function finishOf(reason: string): Exclude<EndReason, 'tools'> | 'filter' | 'failure' {
  return byReason.get(reason) ?? 'other'
}
