import type { Session } from 'koishi'
import type { Place } from '../storage/activity-store'
import type { Counts } from '../storage/tables'

/** How a question ended, as koishi-plugin-gemini-chat tells in `gemini/outcome`. */
export interface Outcome {
  result: string
  reason?: string
  model?: string
  promptTokens: number
  answerTokens: number
  ms: number
  firstTextMs?: number
}

const RESULTS = ['answered', 'interrupted', 'failed', 'stopped', 'refused'] as const

/** What an outcome adds to the counts. */
export function countsOf({ result, promptTokens, answerTokens, ms, firstTextMs }: Outcome): Counts {
  const results = Object.fromEntries(RESULTS.map(name => [name, name === result ? 1 : 0]))
  const isTimed = result === 'answered'
  return {
    ...results as Record<typeof RESULTS[number], number>,
    promptTokens, answerTokens,
    firstTexts: firstTextMs === undefined ? 0 : 1,
    firstTextMs: firstTextMs ?? 0,
    timed: isTimed ? 1 : 0,
    totalMs: isTimed ? ms : 0,
  }
}

/** What the outcome of a message is counted by. */
export function placesOf(
  { result, reason, model = '' }: Outcome,
  { platform, userId, channelId, isDirect }: Pick<Session, 'platform' | 'userId' | 'channelId' | 'isDirect'>,
): Place[] {
  return [
    { dimension: 'model', platform, name: model },
    ...result === 'answered' ? [] : [{ dimension: 'reason' as const, platform, name: `${result}:${reason ?? ''}` }],
    { dimension: 'user', platform, name: `${platform}:${userId}` },
    ...isDirect ? [] : [{ dimension: 'channel' as const, platform, name: `${platform}:${channelId}` }],
  ]
}
