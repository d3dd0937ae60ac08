import { inKeyRanges, inSlices } from 'common/database'
import { $ } from 'koishi'
import type { Context, Row } from 'koishi'
import type { StoredUsageRow, UsageCounts, UsageRow } from './usage-table'

/** Counts of a day and a model. */
export type ModelUsage = Pick<UsageRow, 'day' | 'model'> & UsageCounts

/** Counts of a person. */
export type UserUsage = Pick<UsageRow, 'user'> & UsageCounts

type Database = Context['database']

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

/** The people with the most tokens on some days, most first. */
export async function topUsers(database: Database, days: readonly string[], limit: number): Promise<UserUsage[]> {
  // Named days and a range of keys are read from the index without the rows in between.
  const day = { $in: [...days] }
  let top: { userKey: string, tokens: number }[] = []
  await inKeyRanges(async (userKey) => {
    const rows = await database.select('gemini_token_usage', { day, userKey })
      .groupBy('userKey', { tokens: row => $.sum($.add(row.prompt, row.answer)) })
      .orderBy('tokens', 'desc').limit(limit).execute()
    const candidates = rows.map(({ userKey, tokens }) => ({ userKey, tokens: Number(tokens) }))
    top = [...top, ...candidates].sort((a, b) => b.tokens - a.tokens).slice(0, limit)
  })
  const users: UserUsage[] = []
  for (const { userKey } of top) {
    const query = { userKey, day }
    const [{ user = '' } = {}] = await database.get('gemini_token_usage', query, { fields: ['user'], limit: 1 })
    const [counts] = await database.select('gemini_token_usage', query).groupBy('userKey', sums).execute()
    if (counts) users.push({ user, ...toNumbers(counts) })
  }
  return users
}

/** Some databases give sums as text. */
function toNumbers({ requests, errors, prompt, answer }: UsageCounts): UsageCounts {
  return { requests: Number(requests), errors: Number(errors), prompt: Number(prompt), answer: Number(answer) }
}
