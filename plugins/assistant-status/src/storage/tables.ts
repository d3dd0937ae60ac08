import type { Context } from 'koishi'
import type { Span } from './periods'

declare module 'koishi' {
  interface Tables {
    assistant_activity: ActivityRow
    assistant_rating: RatingRow
  }
}

export const COUNTS = [
  'answered', 'interrupted', 'failed', 'stopped', 'refused', 'promptTokens', 'answerTokens', 'firstTexts', 'firstTextMs',
  'timed', 'totalMs',
] as const

/**
 * - `answered` … `refused`: questions, by how they ended
 * - `firstTexts`, `firstTextMs`: answers that had a text, and the milliseconds until the first one, all together
 * - `timed`, `totalMs`: complete answers, and the milliseconds until their end, all together
 */
export type Counts = Record<typeof COUNTS[number], number>

/** By what questions are counted. `reason` is that of questions without a complete answer, as `failed:server`. */
export type Dimension = 'model' | 'reason' | 'user' | 'channel'

/** What one process counted in one period. The sum of the rows is the count. */
export interface ActivityRow extends Counts {
  key: string
  dimension: Dimension
  span: Span
  /** `2026-11`, `2026-11-26` or `2026-11-26T10`. */
  period: string
  platform: string
  /** The model, reason, person or group. People and groups as `platform:id`. */
  name: string
  /** Row key of `name`. */
  nameKey: string
}

/** One person's rating of one answer, the latest. */
export interface RatingRow {
  /** Row key of platform, answer and person. */
  key: string
  /** `2026-11-26`, in the time zone of this machine. */
  day: string
  time: Date
  platform: string
  isGood: boolean
  /** What WeCom lets people choose from, numbers separated by commas. */
  reasons: string
  /** What the person wrote about the answer, and the question; empty unless texts are logged. */
  comment: string
  question: string
}

/** Declares the tables. Works before a database is loaded. */
export function declareTables(ctx: Context) {
  const counts = Object.fromEntries(COUNTS.map(name => [name, 'double'])) as Record<keyof Counts, 'double'>
  ctx.model.extend('assistant_activity', {
    key: 'string(64)', dimension: 'string(15)', span: 'string(15)', period: 'string(15)', platform: 'string(63)',
    name: 'string(255)', nameKey: 'string(64)', ...counts,
  }, {
    primary: 'key',
    // With the tokens in it, people and groups are ranked from the index alone.
    indexes: [['dimension', 'span', 'period'], ['dimension', 'span', 'nameKey', 'period', 'promptTokens', 'answerTokens']],
  })
  ctx.model.extend('assistant_rating', {
    key: 'string(64)', day: 'char(10)', time: 'timestamp', platform: 'string(63)', isGood: 'boolean',
    reasons: 'string(63)', comment: 'text', question: 'text',
  }, { primary: 'key', indexes: ['day', 'time'] })
}
