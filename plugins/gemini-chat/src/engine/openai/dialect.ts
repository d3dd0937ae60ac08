import type { EngineError } from '../error'

/** What differs between services, and is learnt from their refusals. */
export interface ServiceDialect {
  /** Ask for token counts in the stream. */
  usage: boolean
  /** Name of the limit of the answer: OpenAI's newer models take only the second one, most others only the first. */
  limit: 'max_tokens' | 'max_completion_tokens'
  /** Give calls of tools back with the thoughts that led to them, and with empty ones where there are none. */
  reasoning: boolean
}

export const STANDARD_DIALECT: ServiceDialect = { usage: true, limit: 'max_tokens', reasoning: false }

/**
 * The dialect that a service asks for by refusing a request.
 * @returns undefined if the refusal is about something else, or that dialect was used already
 */
export function adaptedTo({ kind, message }: EngineError, dialect: ServiceDialect): ServiceDialect | undefined {
  if (kind !== 'request') return
  if (dialect.usage && /stream_options|include_usage/i.test(message)) return { ...dialect, usage: false }
  // https://api-docs.deepseek.com/guides/thinking_mode
  if (!dialect.reasoning && /reasoning_content[^.]{0,60}\bpass/i.test(message)) return { ...dialect, reasoning: true }
  if (dialect.limit === 'max_tokens' && /max_completion_tokens/i.test(message)) {
    return { ...dialect, limit: 'max_completion_tokens' }
  }
}
