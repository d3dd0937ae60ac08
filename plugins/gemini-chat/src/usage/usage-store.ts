import type { DatabaseAccess } from 'common/database'
import { SerialQueue } from 'common/async'
import { LruMap, oldestFirst } from 'common/collections'
import type { Context, Session } from 'koishi'
import { localDay } from '../util/local-time'

declare module 'koishi' {
  interface Tables {
    gemini_usage: UsageRow
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

type UsageKey = Omit<UsageRow, keyof UsageCounts>

export type UsageQuery = Partial<Pick<UsageRow, 'user' | 'channel'>> & {
  /** The first day to include. */
  since: string
}

const PRIMARY_KEY = ['day', 'user', 'channel', 'model'] as const

/** Older rows are deleted. */
const RETENTION_DAYS = 366

/** Declares the table. Works before a database is loaded. */
export function declareUsageTable(ctx: Context) {
  ctx.model.extend('gemini_usage', {
    day: 'char(10)',
    user: 'string(127)',
    channel: 'string(127)',
    model: 'string(63)',
    requests: 'unsigned',
    errors: 'unsigned',
    prompt: 'unsigned',
    answer: 'unsigned',
  }, { primary: [...PRIMARY_KEY] })
}

/** Stores usage: in the database while one is loaded, otherwise the most recent rows in memory. */
export class UsageStore {
  private readonly memory: LruMap<string, UsageRow>
  private readonly writes = new SerialQueue()
  private pruned = ''

  /** @param capacity most rows in memory */
  constructor(private readonly access: DatabaseAccess, private readonly now: () => number, capacity = 5000) {
    this.memory = new LruMap({ capacity })
  }

  /** Adds to the usage of today. Returns at once and never fails: accounting must not fail an answer. */
  add(place: Omit<UsageKey, 'day'>, counts: UsageCounts) {
    const day = localDay(this.now())
    // Two writes that read the same count would lose one.
    void this.writes.run('usage', () => this.access.guard(() => this.write({ ...place, day }, counts)))
  }

  /** @throws the database's error */
  async read({ since, ...who }: UsageQuery): Promise<UsageRow[]> {
    await this.writes.whenIdle()
    if (this.access.isLoaded) {
      return this.access.run(database => database.get('gemini_usage', { ...who, day: { $gte: since } }))
    }
    return oldestFirst(this.memory).map(([, row]) => row).filter((row) => {
      return row.day >= since && (!who.user || row.user === who.user) && (!who.channel || row.channel === who.channel)
    })
  }

  private async write(place: UsageKey, counts: UsageCounts) {
    const query = { day: place.day, user: place.user, channel: place.channel, model: place.model }
    const add = (row?: UsageRow) => ({ ...query, ...sumCounts(row ? [row, counts] : [counts]) })
    if (!this.access.isLoaded) {
      const key = PRIMARY_KEY.map(name => place[name]).join('\n')
      this.memory.set(key, add(this.memory.get(key)))
      return
    }
    await this.access.run(async (database) => {
      const [row] = await database.get('gemini_usage', query)
      await database.upsert('gemini_usage', [add(row)], [...PRIMARY_KEY])
      if (this.pruned === place.day) return
      await database.remove('gemini_usage', { day: { $lt: localDay(this.now(), RETENTION_DAYS) } })
      this.pruned = place.day
    })
  }
}

/** The sum of counts. */
export function sumCounts(counts: readonly UsageCounts[]): UsageCounts {
  const sum: UsageCounts = { requests: 0, errors: 0, prompt: 0, answer: 0 }
  for (const { requests, errors, prompt, answer } of counts) {
    sum.requests += requests
    sum.errors += errors
    sum.prompt += prompt
    sum.answer += answer
  }
  return sum
}

/** The person who sent a message, as `platform:id`. */
export function userOf({ platform, userId }: Pick<Session, 'platform' | 'userId'>): string {
  return `${platform}:${userId}`
}

/** The channel of a message, as `platform:id`. */
export function channelOf({ platform, channelId }: Pick<Session, 'platform' | 'channelId'>): string {
  return `${platform}:${channelId}`
}
