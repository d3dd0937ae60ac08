import type { Content, TokenUsage } from '../engine/types'
import { isReference } from '../media/reference'
import type { Turn } from './turn'

/**
 * Estimate for a file: what a picture costs, whatever its size.
 * @see https://ai.google.dev/gemini-api/docs/tokens
 */
const MEDIA_TOKENS = 1120

const ideographs = /[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]|[\ud840-\ud8bf][\udc00-\udfff]/g

/** Estimates the tokens of a text: one for 1.5 Chinese characters, or for 4 others. */
export function estimateText(text: string): number {
  const wide = text.match(ideographs)?.length ?? 0
  return Math.ceil(wide / 1.5 + (text.length - wide) / 4)
}

/** Estimates the tokens of messages. */
export function estimateContents(contents: Content[]): number {
  const parts = contents.flatMap(content => content.parts)
  return parts.reduce((sum, part) => {
    if (part.file || isReference(part)) return sum + MEDIA_TOKENS
    const { text, toolCall, toolResult, native } = part
    return sum + estimateText(text ?? JSON.stringify(toolCall ?? toolResult ?? native?.fields ?? {}))
  }, 0)
}

/**
 * The tokens a turn adds to the next request. The model counts the request as a whole, and what exceeds the history is
 * this turn, so the sum over a history is always what the model last measured. Files do not count, because they are
 * sent for a few turns only.
 *
 * The result is at least a quarter of the estimate. Behind a relay that does not count the history, turns would
 * otherwise cost nothing, and the history would grow without limit.
 * @param history the turns that were sent with the question
 * @param usage what the model reported, if anything
 */
export function measureTurn(contents: Content[], history: Turn[], usage: TokenUsage = {}): number {
  const { inputTokens, fileTokens = 0, outputTokens } = usage
  const estimated = estimateContents(contents)
  if (!inputTokens || outputTokens === undefined) return estimated
  const known = history.reduce((sum, turn) => sum + turn.tokens, 0)
  return Math.max(Math.ceil(estimated / 4), inputTokens - fileTokens + outputTokens - known)
}

/** The newest turns that fit into `room` tokens. A turn is taken whole or not at all. */
export function fitTurns<T extends Turn>(turns: T[], room: number): T[] {
  let first = turns.length
  while (first > 0 && turns[first - 1].tokens <= room) room -= turns[--first].tokens
  return turns.slice(first)
}
