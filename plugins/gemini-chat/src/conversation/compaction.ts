import type { Content } from '../engine/types'
import { estimateText } from './tokens'
import type { StoredTurn } from './history'
import { toContents } from './turn'
import type { Turn } from './turn'

/** Less than this is not worth a question of its own. */
const MIN_COMPACTED_TOKENS = 500

const SUMMARY_PROMPT = `Summarise the conversation so far, for yourself: it takes the place of the messages above.
Keep facts, names, numbers, decisions, open questions, what the user prefers, and code or wording that is still needed.
Leave out greetings and what has been settled. Write in the language of the conversation, in at most 400 words, and
nothing but the summary.`

const SUMMARY_HEADING = '[Summary of the conversation before]'

/** What turns cost together. */
export function sumTokens(turns: Turn[]): number {
  return turns.reduce((sum, { tokens }) => sum + tokens, 0)
}

/** Whether anything is gained by summarising these. */
export function isWorthCompacting(turns: Turn[]): boolean {
  return sumTokens(turns) >= MIN_COMPACTED_TOKENS
}

/** The request for a summary of turns. What they were told to be plays no part in it. */
export function summaryRequest(turns: StoredTurn[]): Content[] {
  return [...toContents(turns), { role: 'user', parts: [{ text: SUMMARY_PROMPT }] }]
}

/**
 * The turn that takes the place of those it sums up. It is a whole one, as is each of those: a call of a tool and its
 * result are never parted.
 * @returns nothing when the summary says nothing, or saves less than half
 */
export function summaryTurn(summary: string, turns: Turn[]): Turn | undefined {
  const text = summary.trim()
  const tokens = estimateText(text) + 30
  if (!text || tokens > sumTokens(turns) / 2) return
  return {
    contents: [
      { role: 'user', parts: [{ text: `${SUMMARY_HEADING}\n${text}` }] },
      { role: 'model', parts: [{ text: 'OK.' }] },
    ],
    tokens,
  }
}

/** Whether a turn stands for others. */
export function isSummary({ contents: [first] }: Turn): boolean {
  return !!first?.parts[0]?.text?.startsWith(SUMMARY_HEADING)
}

/** A number of tokens as people read it: `41k`. */
export function formatTokens(tokens: number): string {
  return tokens < 1000 ? String(tokens) : `${Math.round(tokens / 100) / 10}k`
}
