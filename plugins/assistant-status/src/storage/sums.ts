import { inKeyRanges, inSlices } from 'common/database'
import { $ } from 'koishi'
import type { Context, Row } from 'koishi'
import type { Span } from './periods'
import { COUNTS } from './tables'
import type { ActivityRow, Counts, Dimension } from './tables'
import { questionsOf, tokensOf } from './totals'

type Database = Context['database']

/** Names whose counts are read at a time, once it is known which ones are shown. */
const NAMES_PER_QUERY = 50

/** The counts of a period, platform and name. */
export type PeriodSum = Pick<ActivityRow, 'period' | 'platform' | 'name'> & Counts

/** The counts of a person or a group. */
export type NameSum = Pick<ActivityRow, 'name'> & Counts

const sums = Object.fromEntries(COUNTS.map(name => [name, (row: Row<ActivityRow>) => $.sum(row[name])])) as {
  [K in keyof Counts]: (row: Row<ActivityRow>) => ReturnType<typeof $.sum>
}

/**
 * The counts by period, platform and name.
 * @param periods ascending, without gaps
 * @throws the database's error
 */
export async function sumByPeriod(
  database: Database, dimension: Dimension, span: Span, periods: readonly string[],
): Promise<PeriodSum[]> {
  const found: PeriodSum[] = []
  await inSlices(periods.length, async (from, to) => {
    const rows = await database
      .select('assistant_activity', { dimension, span, period: { $gte: periods[from], $lte: periods[to - 1] } })
      .groupBy(['period', 'platform', 'name'], sums).execute()
    for (const { period, platform, name, ...counts } of rows) {
      found.push({ period, platform, name, ...toNumbers(counts) })
    }
  })
  return found
}

/**
 * The people or groups with the most tokens since a period, most first.
 * @throws the database's error
 */
export async function topNames(
  database: Database, dimension: Dimension, { span, since }: { span: Span, since: string }, limit: number,
): Promise<NameSum[]> {
  let top: { nameKey: string, tokens: number }[] = []
  const period = { $gte: since }
  await inKeyRanges(async (nameKey) => {
    const rows = await database.select('assistant_activity', { dimension, span, nameKey, period })
      .groupBy('nameKey', { tokens: row => $.sum($.add(row.promptTokens, row.answerTokens)) })
      .orderBy('tokens', 'desc').limit(limit).execute()
    const candidates = rows.map(({ nameKey, tokens }) => ({ nameKey, tokens: Number(tokens) }))
    top = [...top, ...candidates].sort((a, b) => b.tokens - a.tokens).slice(0, limit)
  })
  const found: NameSum[] = []
  for (let from = 0; from < top.length; from += NAMES_PER_QUERY) {
    const nameKey = top.slice(from, from + NAMES_PER_QUERY).map(row => row.nameKey)
    const rows = await database.select('assistant_activity', { dimension, span, nameKey, period })
      .groupBy(['nameKey', 'name'], sums).execute()
    found.push(...rows.map(({ name, nameKey, ...counts }) => ({ name, ...toNumbers(counts) })))
  }
  return found.sort(mostTokensFirst)
}

function mostTokensFirst(a: Counts, b: Counts) {
  return tokensOf(b) - tokensOf(a) || questionsOf(b) - questionsOf(a)
}

/** The sum of rows of counts. */
export function addCounts(rows: readonly Counts[]): Counts {
  return Object.fromEntries(COUNTS.map(name => [name, rows.reduce((sum, row) => sum + row[name], 0)])) as Counts
}

/** Some databases give sums as text. */
function toNumbers(counts: Record<keyof Counts, unknown>): Counts {
  return Object.fromEntries(COUNTS.map(name => [name, Number(counts[name])])) as Counts
}
