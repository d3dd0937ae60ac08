import type { DatabaseAccess } from 'common/database'
import { periodsOf, rankedSince, spanOf } from '../storage/periods'
import type { RatingStore } from '../storage/rating-store'
import { addCounts, sumByPeriod, topNames } from '../storage/sums'
import type { PeriodSum } from '../storage/sums'
import { questionsOf, tokensOf } from '../storage/totals'
import type { Named, Range, Report, ShownRating } from './types'

/** People and groups that the page lists, and that an export has. */
export const LISTED_NAMES = 10
export const EXPORTED_NAMES = 1000

/** Ratings that the page lists, and that an export has. */
export const LISTED_RATINGS = 12
export const EXPORTED_RATINGS = 5000

const HOURS_PER_DAY = 24

/** Reads from the database what the charts show. */
export class Statistics {
  constructor(
    private readonly access: DatabaseAccess,
    private readonly ratings: Pick<RatingStore, 'byDay' | 'newest'>,
    private readonly now: () => number,
    private readonly keepsText: () => boolean,
  ) {}

  /**
   * What the charts of a range show. The sums are made by the database, a piece at a time.
   * @throws the database's error
   */
  async report(range: Range): Promise<Report> {
    const periods = periodsOf(range, this.now())
    const span = spanOf(range)
    const byModel = await this.access.run(database => sumByPeriod(database, 'model', span, periods))
    const byReason = await this.access.run(database => sumByPeriod(database, 'reason', span, periods))
    const since = periods[0].slice(0, 10)
    return {
      range,
      periods,
      counts: this.byPeriod(byModel, periods),
      platforms: group(byModel, ({ platform }) => platform),
      models: this.models(byModel, periods),
      hours: await this.hours(range),
      reasons: group(byReason, ({ name }) => name).map(row => ({ name: row.name, count: questionsOf(row) }))
        .sort((a, b) => b.count - a.count),
      people: await this.people(range, LISTED_NAMES),
      groups: await this.groups(range, LISTED_NAMES),
      ratings: await this.ratings.byDay(since),
      newestRatings: await this.newestRatings(range, LISTED_RATINGS),
      keepsText: this.keepsText(),
    }
  }

  /**
   * The people with the most tokens.
   * @throws the database's error
   */
  people(range: Range, limit: number): Promise<Named[]> {
    return this.access.run(database => topNames(database, 'user', rankedSince(range, this.now()), limit))
  }

  /**
   * The groups with the most tokens.
   * @throws the database's error
   */
  groups(range: Range, limit: number): Promise<Named[]> {
    return this.access.run(database => topNames(database, 'channel', rankedSince(range, this.now()), limit))
  }

  /**
   * The newest ratings of a range.
   * @throws the database's error
   */
  async newestRatings(range: Range, limit: number): Promise<ShownRating[]> {
    const since = periodsOf(range, this.now())[0].slice(0, 10)
    const rows = await this.ratings.newest(since, limit)
    return rows.map(({ time, platform, isGood, reasons, comment, question }) => {
      return { time: time.getTime(), platform, isGood, reasons, comment, question }
    })
  }

  private byPeriod(rows: readonly PeriodSum[], periods: readonly string[]) {
    const sums = new Map(group(rows, ({ period }) => period).map(sum => [sum.name, sum]))
    return periods.map((period) => {
      const { name, ...counts } = sums.get(period) ?? { name: period, ...addCounts([]) }
      return counts
    })
  }

  private models(rows: readonly PeriodSum[], periods: readonly string[]) {
    // Questions that were refused were put to no model.
    const asked = rows.filter(({ name }) => name)
    return group(asked, ({ name }) => name).sort((a, b) => tokensOf(b) - tokensOf(a)).map(model => ({
      ...model,
      tokens: this.byPeriod(asked.filter(({ name }) => name === model.name), periods).map(tokensOf),
    }))
  }

  private async hours(range: Range): Promise<number[]> {
    const days = periodsOf(range === 'day' ? 'day' : 'month', this.now())
    const periods = range === 'day' ? days : days.flatMap((day) => {
      return Array.from({ length: HOURS_PER_DAY }, (_, hour) => `${day}T${String(hour).padStart(2, '0')}`)
    })
    const rows = await this.access.run(database => sumByPeriod(database, 'model', 'hour', periods))
    const hours = Array.from({ length: HOURS_PER_DAY }, () => 0)
    for (const row of rows) hours[Number(row.period.slice(-2))] += questionsOf(row)
    return hours
  }
}

/** The sums of the rows with the same name. */
function group(rows: readonly PeriodSum[], nameOf: (row: PeriodSum) => string): Named[] {
  const groups = new Map<string, PeriodSum[]>()
  for (const row of rows) {
    const name = nameOf(row)
    const known = groups.get(name)
    if (known) known.push(row)
    else groups.set(name, [row])
  }
  return Array.from(groups, ([name, group]) => ({ name, ...addCounts(group) }))
}
