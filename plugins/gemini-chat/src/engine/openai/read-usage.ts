import type { TokenUsage } from '../types'

/**
 * Token counts. DeepSeek has its own name for those of the cache.
 * @see https://platform.openai.com/docs/api-reference/chat/object#chat-object-usage
 */
export interface WireUsage {
  prompt_tokens?: unknown
  completion_tokens?: unknown
  total_tokens?: unknown
  prompt_cache_hit_tokens?: unknown
  prompt_tokens_details?: { cached_tokens?: unknown } | null
  completion_tokens_details?: { reasoning_tokens?: unknown } | null
}

/** Reads token counts. @returns undefined if there are none */
export function readUsage(usage: WireUsage | null | undefined): TokenUsage | undefined {
  if (!usage || typeof usage !== 'object') return
  const completion = count(usage.completion_tokens)
  const thinkingTokens = count(usage.completion_tokens_details?.reasoning_tokens)
  const thoughts = thinkingTokens ?? 0
  const counts: TokenUsage = {
    inputTokens: count(usage.prompt_tokens),
    // Thoughts are part of the completion, except where they are more than it.
    outputTokens: completion !== undefined && completion >= thoughts ? completion - thoughts : completion,
    thinkingTokens,
    cachedTokens: count(usage.prompt_tokens_details?.cached_tokens) ?? count(usage.prompt_cache_hit_tokens),
    totalTokens: count(usage.total_tokens),
  }
  const known = Object.entries(counts).filter(([, tokens]) => tokens !== undefined)
  return known.length ? Object.fromEntries(known) : undefined
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}
