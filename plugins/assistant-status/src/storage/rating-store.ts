import { eachSlice, rowKey } from 'common/database'
import type { DatabaseAccess } from 'common/database'
import type { Clock } from 'common/time'
import { $ } from 'koishi'
import { dayBefore, periodOf } from './periods'
import type { RatingRow } from './tables'

/** Newest ratings that are kept. */
const MAX_RATINGS = 20_000

/** Ratings between two sweeps of the oldest ones. */
const SWEEP_EVERY = 100

/** Longest text of a comment or question that is stored. */
const MAX_TEXT_LENGTH = 500

const SLICE_ROWS = 100

/** One person's rating of one answer. */
export interface Rating {
  platform: string
  /** What the platform calls the answer. */
  answer: string
  user: string
  opinion: 'good' | 'bad' | 'withdrawn'
  reasons: readonly number[]
  comment: string
  question: string
}

export type DailyRatings = Pick<RatingRow, 'day'> & { good: number, bad: number }

/** Stores ratings in the database. Without one, none is stored. */
export class RatingStore {
  private saved = 0

  constructor(
    private readonly access: DatabaseAccess, private readonly clock: Clock, private readonly retentionDays: number,
  ) {}

  /** Stores a rating in place of an earlier one, or removes it. Never throws. */
  async save({ platform, answer, user, opinion, reasons, comment, question }: Rating) {
    const key = rowKey(platform, answer, user)
    const now = this.clock.now()
    await this.access.try(async (database) => {
      if (opinion === 'withdrawn') return database.remove('assistant_rating', { key })
      await database.upsert('assistant_rating', [{
        key, platform, day: periodOf('day', now), time: new Date(now), isGood: opinion === 'good',
        reasons: reasons.filter(Number.isSafeInteger).slice(0, 8).join(),
        comment: comment.slice(0, MAX_TEXT_LENGTH),
        question: question.slice(0, MAX_TEXT_LENGTH),
      }])
      if (this.saved++ % SWEEP_EVERY === 0) await this.sweep()
    })
  }

  /**
   * The newest ratings.
   * @throws the database's error
   */
  newest(since: string, limit: number): Promise<RatingRow[]> {
    return this.access.run(database => {
      return database.get('assistant_rating', { day: { $gte: since } }, { sort: { time: 'desc' }, limit })
    })
  }

  /**
   * Ratings per day.
   * @throws the database's error
   */
  async byDay(since: string): Promise<DailyRatings[]> {
    const rows = await this.access.run(database => database.select('assistant_rating', { day: { $gte: since } })
      .groupBy(['day', 'isGood'], { count: row => $.count(row.key) }).execute())
    const days = new Map<string, DailyRatings>()
    for (const { day, isGood, count } of rows) {
      const entry = days.get(day) ?? { day, good: 0, bad: 0 }
      entry[isGood ? 'good' : 'bad'] += Number(count)
      days.set(day, entry)
    }
    return [...days.values()]
  }

  /** Removes ratings that are too old or too many. Never throws. */
  async sweep() {
    await this.access.try(async (database) => {
      const [oldest] = await database.get('assistant_rating', {}, {
        fields: ['time'], sort: { time: 'desc' }, offset: MAX_RATINGS, limit: 1,
      })
      const day = { $lt: dayBefore(this.clock.now(), this.retentionDays) }
      const query = oldest ? { $or: [{ day }, { time: { $lte: oldest.time } }] } : { day }
      await eachSlice(
        () => database.get('assistant_rating', query, { fields: ['key'], limit: SLICE_ROWS }),
        rows => database.remove('assistant_rating', { key: rows.map(({ key }) => key) }),
      )
    })
  }
}
