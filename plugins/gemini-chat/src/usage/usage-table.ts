import { eachSlice, rowKey } from 'common/database'
import type { Context } from 'koishi'

declare module 'koishi' {
  interface Tables {
    gemini_usage: UsageRow
    gemini_token_usage: StoredUsageRow
  }
}

/** The usage of one model by one person in one channel on one day. */
export interface UsageRow {
  /** `2026-11-22`, in the time zone of this machine. */
  day: string
  /** `platform:id`, like `channel`. */
  user: string
  channel: string
  model: string
  requests: number
  errors: number
  /** Tokens sent, tool results included. */
  prompt: number
  /** Tokens received, thoughts included. */
  answer: number
}

export type UsageCounts = Pick<UsageRow, 'requests' | 'errors' | 'prompt' | 'answer'>

/**
 * What one process counted. Each process writes rows of its own, because reading, adding and writing back loses counts
 * of others; the sum of the rows is the usage.
 */
export interface StoredUsageRow extends UsageRow {
  key: string
  /** Row keys of user and channel. */
  userKey: string
  channelKey: string
}

const fields = {
  day: 'char(10)', user: 'string(255)', channel: 'string(255)', model: 'string(255)',
  requests: 'unsigned', errors: 'unsigned', prompt: 'unsigned', answer: 'unsigned',
} as const

/** Declares the tables; `gemini_usage` is that of earlier versions. Works before a database is loaded. */
export function declareUsageTable(ctx: Context) {
  ctx.model.extend('gemini_usage', { ...fields, user: 'string(127)', channel: 'string(127)', model: 'string(63)' }, {
    primary: ['day', 'user', 'channel', 'model'],
  })
  ctx.model.extend('gemini_token_usage', {
    ...fields, key: 'string(64)', userKey: 'string(64)', channelKey: 'string(64)',
  }, {
    primary: 'key',
    // With the counts in them, sums read the index only.
    indexes: [
      ['userKey', 'day'], ['channelKey', 'day'], ['day', 'userKey', 'prompt', 'answer'],
      ['day', 'model', 'requests', 'errors', 'prompt', 'answer'],
    ],
  })
}

/** Rows that are written or removed before other work gets its turn. */
const SLICE_ROWS = 100

/**
 * Moves the rows of earlier versions, the newest first. It may be interrupted and run again, and two processes may run
 * it at the same time.
 * @throws what the database throws
 */
export async function carryOverUsage(database: Context['database']) {
  const read = () => database.get('gemini_usage', {}, { sort: { day: 'desc' }, limit: SLICE_ROWS })
  await eachSlice(read, async (rows) => {
    const carried = rows.map((row) => {
      const { day, user, channel, model } = row
      return { ...row, ...placeKeys(row), key: rowKey('carried over', day, user, channel, model) }
    })
    // Another process may be writing the same rows at this moment; then they are there now.
    await database.upsert('gemini_token_usage', carried, 'key').catch(() => {
      return database.upsert('gemini_token_usage', carried, 'key')
    })
    const places = rows.map(({ day, user, channel, model }) => ({ day, user, channel, model }))
    await database.remove('gemini_usage', { $or: places })
  })
}

/**
 * Deletes the rows of days before `day`, a few at a time.
 * @throws what the database throws
 */
export async function removeUsageBefore(database: Context['database'], day: string) {
  const read = () => {
    return database.get('gemini_token_usage', { day: { $lt: day } }, { fields: ['key'], limit: SLICE_ROWS })
  }
  await eachSlice(read, rows => database.remove('gemini_token_usage', { key: rows.map(({ key }) => key) }))
}

export function placeKeys({ user, channel }: Pick<UsageRow, 'user' | 'channel'>) {
  return { userKey: rowKey(user), channelKey: rowKey(channel) }
}
