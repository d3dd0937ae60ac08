import { CountedRows, eachSlice, rowKey } from 'common/database'
import type { DatabaseAccess } from 'common/database'
import type { Clock } from 'common/time'
import type { Context } from 'koishi'
import { dayBefore, monthBefore, periodOf } from './periods'
import type { Span } from './periods'
import { COUNTS } from './tables'
import type { Counts, Dimension } from './tables'

/** What one question is counted by. */
export interface Place {
  dimension: Dimension
  platform: string
  name: string
}

/** From the first count until the counts so far are written. A crash loses them. */
const WRITE_DELAY_MS = 10_000

/** Rows that are remembered: of people, groups and models of the last minutes. */
const REMEMBERED_ROWS = 20_000

/** The page shows how the hours of 30 days differ. */
const HOUR_ROWS_DAYS = 31

/** Of people and groups, it shows 24 hours by the hour, 30 days by the day, and a year by the month. */
const RANKED_HOUR_ROWS_DAYS = 1
const RANKED_DAY_ROWS_DAYS = 31
const RANKED_MONTHS = 12

/** Rows that are removed before other work gets its turn. */
const SLICE_ROWS = 100

const SPANS: Record<Dimension, readonly Span[]> = {
  model: ['hour', 'day'], reason: ['hour', 'day'], user: ['hour', 'day', 'month'], channel: ['hour', 'day', 'month'],
}

/** Counts questions in the database. Without one, nothing is counted. */
export class ActivityStore {
  private readonly rows = new CountedRows({ table: 'assistant_activity', counts: COUNTS, capacity: REMEMBERED_ROWS })
  private timer: unknown
  private writing: Promise<unknown> = Promise.resolve()
  private sweptPeriod = ''

  constructor(
    private readonly access: DatabaseAccess, private readonly clock: Clock, private readonly retentionDays: number,
  ) {}

  /** Adds to the counts of the present hour, day and month. Returns at once and never fails. */
  add(places: readonly Place[], counts: Counts) {
    if (!this.access.isLoaded) return
    const now = this.clock.now()
    for (const { dimension, platform, name } of places) {
      for (const span of SPANS[dimension]) {
        const period = periodOf(span, now)
        this.rows.add({ dimension, span, period, platform, name, nameKey: rowKey(name) }, counts)
      }
    }
    this.timer ??= this.clock.setTimeout(() => void this.flush(), WRITE_DELAY_MS)
  }

  /** Writes the counts so far. Never throws. */
  flush(): Promise<unknown> {
    this.clock.clearTimeout(this.timer)
    this.timer = undefined
    this.writing = this.writing.then(() => this.access.try(async (database) => {
      await this.rows.write(database)
      await this.sweepHourly(database)
    }))
    return this.writing
  }

  private async sweepHourly(database: Context['database']) {
    const now = this.clock.now()
    const hour = periodOf('hour', now)
    if (hour === this.sweptPeriod) return
    const oldest = dayBefore(now, this.retentionDays)
    const before: [Dimension[], Span, string][] = [
      [['model', 'reason'], 'hour', dayBefore(now, HOUR_ROWS_DAYS)],
      [['model', 'reason'], 'day', oldest],
      [['user', 'channel'], 'hour', dayBefore(now, RANKED_HOUR_ROWS_DAYS)],
      [['user', 'channel'], 'day', dayBefore(now, RANKED_DAY_ROWS_DAYS)],
      [['user', 'channel'], 'month', [monthBefore(now, RANKED_MONTHS), oldest.slice(0, 7)].sort()[1]],
    ]
    for (const [dimensions, span, period] of before) {
      const query = { $or: dimensions.map(dimension => ({ dimension })), span, period: { $lt: period } }
      await eachSlice(
        () => database.get('assistant_activity', query, { fields: ['key'], limit: SLICE_ROWS }),
        rows => database.remove('assistant_activity', { key: rows.map(({ key }) => key) }),
      )
    }
    this.sweptPeriod = hour
  }
}
