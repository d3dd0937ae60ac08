import { setImmediate } from 'node:timers/promises'
import { $ } from 'koishi'
import type { Context, Row } from 'koishi'
import type { StoredUsageRow, UsageCounts, UsageRow } from './usage-table'

/** Counts of a day and a model. */
export type ModelUsage = Pick<UsageRow, 'day' | 'model'> & UsageCounts

/** Counts of a person. */
export type UserUsage = Pick<UsageRow, 'user'> & UsageCounts

type Database = Context['database']

/** A query may hold the event loop about this long; a slower one makes the next ones smaller. */
const SLICE_CPU_MS = 15

/** Row keys are divided by their first two hexadecimal digits. */
const KEY_RANGES = 16 ** 2

const sums = {
  requests: (row: Row<StoredUsageRow>) => $.sum(row.requests),
  errors: (row: Row<StoredUsageRow>) => $.sum(row.errors),
  prompt: (row: Row<StoredUsageRow>) => $.sum(row.prompt),
  answer: (row: Row<StoredUsageRow>) => $.sum(row.answer),
}

/**
 * The counts of some days, by day and model.
 * @param days ascending
 * @param userKey of one person; all people without it
 */
export async function sumByModel(
  database: Database, days: readonly string[], userKey?: string,
): Promise<ModelUsage[]> {
  const usage: ModelUsage[] = []
  const who = userKey === undefined ? {} : { userKey }
  await inSlices(days.length, async (from, to) => {
    const day = { $gte: days[from], $lte: days[to - 1] }
    const rows = await database.select('gemini_token_usage', { ...who, day }).groupBy(['day', 'model'], sums).execute()
    usage.push(...rows.map(({ day, model, ...counts }) => ({ day, model, ...toNumbers(counts) })))
  })
  return usage
}

/** The people with the most tokens since a day, most first. */
export async function topUsers(database: Database, since: string, limit: number): Promise<UserUsage[]> {
  let top: { userKey: string, tokens: number }[] = []
  await inSlices(KEY_RANGES, async (from, to) => {
    const userKey = { $gte: hexOf(from), ...to < KEY_RANGES && { $lt: hexOf(to) } }
    const rows = await database.select('gemini_token_usage', { userKey, day: { $gte: since } })
      .groupBy('userKey', { tokens: row => $.sum($.add(row.prompt, row.answer)) })
      .orderBy('tokens', 'desc').limit(limit).execute()
    const candidates = rows.map(({ userKey, tokens }) => ({ userKey, tokens: Number(tokens) }))
    top = [...top, ...candidates].sort((a, b) => b.tokens - a.tokens).slice(0, limit)
  })
  const users: UserUsage[] = []
  for (const { userKey } of top) {
    const query = { userKey, day: { $gte: since } }
    const [{ user = '' } = {}] = await database.get('gemini_token_usage', query, { fields: ['user'], limit: 1 })
    const [counts] = await database.select('gemini_token_usage', query).groupBy('userKey', sums).execute()
    if (counts) users.push({ user, ...toNumbers(counts) })
  }
  return users
}

/**
 * Runs a query over a range piece by piece, so that other work gets its turn. The pieces grow while they are cheap.
 * @param query takes the first of a piece and the first after it
 */
async function inSlices(total: number, query: (from: number, to: number) => Promise<void>) {
  let width = 1
  for (let from = 0; from < total;) {
    const to = Math.min(from + width, total)
    const start = process.cpuUsage()
    await query(from, to)
    // On a busy machine, time passes that the query did not take.
    const { user, system } = process.cpuUsage(start)
    const cpuMs = (user + system) / 1000
    width = cpuMs * 2 <= SLICE_CPU_MS ? width * 2 : cpuMs > SLICE_CPU_MS ? Math.max(1, width >> 1) : width
    from = to
    await setImmediate()
  }
}

function hexOf(range: number) {
  return range.toString(16).padStart(2, '0')
}

/** Some databases give sums as text. */
function toNumbers({ requests, errors, prompt, answer }: UsageCounts): UsageCounts {
  return { requests: Number(requests), errors: Number(errors), prompt: Number(prompt), answer: Number(answer) }
}
