import { setImmediate } from 'node:timers/promises'
import { inKeyRanges, rowKey } from 'common/database'
import type { DatabaseAccess, Pace } from 'common/database'
import { $ } from 'koishi'
import type { Context, Row } from 'koishi'
import { dayBefore } from './periods'
import type { Span } from './periods'
import { COUNTS } from './tables'
import type { ActivityRow, Counts, Dimension } from './tables'

/** The usage that koishi-plugin-gemini-chat counts for limits, as far as it is read: attempts by day. */
interface UsageRow {
  day: string
  user: string
  channel: string
  model: string
  requests: number
  errors: number
  prompt: number
  answer: number
}

/** The page shows people and groups by the day for 30 days, and by the month before. */
const RANKED_DAYS = 31

const SLICE_ROWS = 50

/** The first piece of a day, of 256: the day before may have had few rows. */
const MAX_FIRST_WIDTH = 32

/** Says that usage was carried over. No chart has this period. */
const MARKER = { key: 'usage carried over', dimension: 'reason', span: 'month', period: '9999-12', platform: '', name: '', nameKey: '' } as const

const none = Object.fromEntries(COUNTS.map(name => [name, 0])) as Counts

/**
 * Counts the usage from before this plugin counted, once: each request as a question, without times. It may be
 * interrupted and run again, and two processes may run it at the same time.
 * @param now milliseconds since 1970
 * @returns whether it is done; not while koishi-plugin-gemini-chat still moves its own rows, or is not loaded
 * @throws the database's error
 */
export async function carryOverUsage(
  ctx: Pick<Context, 'model'>, access: Pick<DatabaseAccess, 'run'>, now: number, retentionDays: number,
): Promise<boolean> {
  const tables = ctx.model.tables as Record<string, unknown>
  if (!tables.gemini_token_usage) return false
  const moving = tables.gemini_usage && await access.run(database => database.get('gemini_usage' as never, {}, { limit: 1 } as never))
  if ((moving as unknown[] | undefined)?.length) return false
  const markers = await access.run(database => database.get('assistant_activity', { key: MARKER.key }))
  if (markers.length) return true
  const end = await firstCountedDay(access) ?? dayBefore(now, 0)
  const start = await firstUsedDay(access)
  const days = Array.from({ length: retentionDays }, (_, index) => dayBefore(now, index))
    .filter(day => start !== undefined && day >= start && day < end)
  const rankedDays = new Set(Array.from({ length: RANKED_DAYS }, (_, index) => dayBefore(now, index)))
  const pace = { width: 1 }
  for (const month of new Set(days.map(day => day.slice(0, 7)))) {
    const rows = new CarriedRows()
    for (const day of days.filter(day => day.startsWith(month))) {
      await eachUsage(access, day, pace, usage => rows.add(usage, rankedDays.has(day)))
    }
    await rows.write(access)
  }
  await access.run(database => database.upsert('assistant_activity', [{ ...MARKER, ...none }], 'key'))
  return true
}

async function firstCountedDay(access: Pick<DatabaseAccess, 'run'>): Promise<string | undefined> {
  const rows = await access.run(database => database.get('assistant_activity', { dimension: 'model', span: 'day' }, {
    fields: ['key', 'period'], sort: { period: 'asc' },
  }))
  return rows.find(({ key }) => !key.startsWith(CARRIED))?.period
}

/** @returns `undefined` where nothing was used yet */
async function firstUsedDay(access: Pick<DatabaseAccess, 'run'>): Promise<string | undefined> {
  const [first] = await access.run(database => database.get('gemini_token_usage' as never, {}, {
    fields: ['day'], sort: { day: 'asc' }, limit: 1,
  } as never)) as unknown as Pick<UsageRow, 'day'>[]
  return first?.day
}

/** Goes through the usage of a day, a range of people at a time. */
async function eachUsage(
  access: Pick<DatabaseAccess, 'run'>, day: string, pace: Pace, handle: (usage: UsageRow) => void,
) {
  const sum = (name: 'requests' | 'errors' | 'prompt' | 'answer') => (row: Row<UsageRow>) => $.sum(row[name])
  const counts = { requests: sum('requests'), errors: sum('errors'), prompt: sum('prompt'), answer: sum('answer') }
  pace.width = Math.min(pace.width, MAX_FIRST_WIDTH)
  await inKeyRanges(async (userKey) => {
    const rows = await access.run(database => database.select('gemini_token_usage' as never, { day, userKey } as never)
      .groupBy(['user', 'channel', 'model'] as never, counts as never).execute()) as UsageRow[]
    for (const row of rows) handle({ ...row, day })
  }, pace)
}

/** Begins the keys of rows that were carried over, so that they are written once. */
const CARRIED = 'carried-'

/** The rows of a month, which are kept until all of its days are read. */
class CarriedRows {
  private readonly rows = new Map<string, ActivityRow>()

  add({ day, user, channel, model, requests, errors, prompt, answer }: UsageRow, isRanked: boolean) {
    const [platform] = user.split(':', 1)
    // Questions of plugins belong to no person.
    if (platform === 'plugin') return
    const failed = Math.min(Number(errors), Number(requests))
    const counts = {
      answered: Number(requests) - failed, failed, promptTokens: Number(prompt), answerTokens: Number(answer),
    }
    this.count('model', 'day', day, platform, model, counts)
    if (failed) this.count('reason', 'day', day, platform, 'failed:', { failed })
    // WeCom names the chat of one person by that person, and so does DingTalk.
    const isDirect = channel === user || channel.startsWith(`${platform}:private:`)
    for (const span of isRanked ? ['day', 'month'] as const : ['month'] as const) {
      const period = span === 'day' ? day : day.slice(0, 7)
      this.count('user', span, period, platform, user, counts)
      if (!isDirect) this.count('channel', span, period, platform, channel, counts)
    }
  }

  private count(
    dimension: Dimension, span: Span, period: string, platform: string, name: string, counts: Partial<Counts>,
  ) {
    const key = CARRIED + rowKey(dimension, span, period, platform, name).slice(CARRIED.length)
    let row = this.rows.get(key)
    if (!row) this.rows.set(key, row = { key, dimension, span, period, platform, name, nameKey: rowKey(name), ...none })
    for (const [column, count] of Object.entries(counts)) row[column as keyof Counts] += count
  }

  async write(access: Pick<DatabaseAccess, 'run'>) {
    const rows = [...this.rows.values()]
    for (let from = 0; from < rows.length; from += SLICE_ROWS) {
      await access.run(database => database.upsert('assistant_activity', rows.slice(from, from + SLICE_ROWS), 'key'))
      await setImmediate()
    }
  }
}
