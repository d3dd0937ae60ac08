import type { Content } from '../engine/types'
import { estimateText } from './tokens'
import type { StoredTurn } from './history'
import { toContents } from './turn'
import type { Turn } from './turn'

/** Fewer tokens do not justify a request for a summary. */
const MIN_COMPACTED_TOKENS = 500

const SUMMARY_PROMPT = `Summarise the conversation so far, for yourself: it takes the place of the messages above.
Keep facts, names, numbers, decisions, open questions, what the user prefers, and code or wording that is still needed.
Leave out greetings and what has been settled. Write in the language of the conversation, in at most 400 words, and
nothing but the summary.`

const SUMMARY_HEADING = '[Summary of the conversation before]'

/** The tokens of turns together. */
export function sumTokens(turns: Turn[]): number {
  return turns.reduce((sum, { tokens }) => sum + tokens, 0)
}

/** Whether summarising these turns saves enough. */
export function isWorthCompacting(turns: Turn[]): boolean {
  return sumTokens(turns) >= MIN_COMPACTED_TOKENS
}

/** The request for a summary of turns. It has no system instruction: presets must not colour the summary. */
export function summaryRequest(turns: StoredTurn[]): Content[] {
  return [...toContents(turns), { role: 'user', parts: [{ text: SUMMARY_PROMPT }] }]
}

/**
 * The turn that replaces the turns it summarises. Only whole turns are replaced, so a tool call and its result are
 * never separated.
 * @returns undefined if the summary is empty or saves less than half
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

/** Whether a turn is the summary of others. */
export function isSummary({ contents: [first] }: Turn): boolean {
  return !!first?.parts[0]?.text?.startsWith(SUMMARY_HEADING)
}

/** A rounded number of tokens: `410`, `41k`. */
export function formatTokens(tokens: number): string {
  return tokens < 1000 ? String(tokens) : `${Math.round(tokens / 100) / 10}k`
}
