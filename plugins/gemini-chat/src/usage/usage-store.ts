import { CountedRows, rowKey } from 'common/database'
import type { DatabaseAccess } from 'common/database'
import { SerialQueue } from 'common/async'
import { LruMap, oldestFirst } from 'common/collections'
import type { Session } from 'koishi'
import { localDay } from '../util/local-time'
import { sumByModel, topUsers } from './usage-sums'
import type { ModelUsage, UserUsage } from './usage-sums'
import { carryOverUsage, placeKeys, removeUsageBefore } from './usage-table'
import type { UsageCounts, UsageRow } from './usage-table'

export { declareUsageTable } from './usage-table'
export type { UsageCounts, UsageRow } from './usage-table'

type UsageKey = Omit<UsageRow, keyof UsageCounts>

export type UsageQuery = Partial<Pick<UsageRow, 'user' | 'channel'>> & {
  /** The first day to include. */
  since: string
}

/** Places of one day that are remembered. What comes back after that begins another row. */
const PLACES_PER_DAY = 10_000

/** Older rows are deleted. */
const RETENTION_DAYS = 366

/** Stores usage: in the database while one is loaded, otherwise the most recent rows in memory. */
export class UsageStore {
  private readonly memory: LruMap<string, UsageRow>
  private readonly own = new CountedRows({
    table: 'gemini_token_usage', counts: ['requests', 'errors', 'prompt', 'answer'], capacity: PLACES_PER_DAY,
  })

  private readonly writes = new SerialQueue()
  private isWriteDue = false
  private carryingOver?: Promise<unknown>
  private pruned = ''

  /**
   * @param capacity most rows in memory
   * @param added is told of every addition
   */
  constructor(
    private readonly access: DatabaseAccess, private readonly now: () => number, capacity = 5000,
    private readonly added: (place: Omit<UsageKey, 'day'>, counts: UsageCounts) => void = () => {},
  ) {
    this.memory = new LruMap({ capacity })
  }

  /** Adds to the usage of today. Returns at once and never fails: accounting must not fail an answer. */
  add(place: Omit<UsageKey, 'day'>, counts: UsageCounts) {
    const { user, channel, model } = place
    this.added(place, counts)
    const key = { day: localDay(this.now()), user, channel, model }
    if (!this.access.isLoaded) {
      const id = JSON.stringify([key.day, user, channel, model])
      const row = this.memory.get(id)
      this.memory.set(id, { ...key, ...sumCounts(row ? [row, counts] : [counts]) })
      return
    }
    this.own.add({ ...key, ...placeKeys(key) }, counts)
    // What is added until the write begins is written with it.
    if (this.isWriteDue) return
    this.isWriteDue = true
    void this.writes.run('usage', () => {
      this.isWriteDue = false
      return this.access.try(async (database) => {
        await this.own.write(database)
        if (this.pruned === key.day) return
        await removeUsageBefore(database, localDay(this.now(), RETENTION_DAYS))
        this.pruned = key.day
      })
    })
  }

  /** Moves the rows of earlier versions in the background. Reports wait for it, limits do not. */
  carryOver() {
    this.carryingOver = this.access.try(carryOverUsage)
  }

  /**
   * The rows of a person or a channel.
   * @throws the database's error
   */
  async read({ since, user, channel }: UsageQuery): Promise<UsageRow[]> {
    await this.writes.whenIdle()
    if (!this.access.isLoaded) {
      return this.rowsInMemory(since)
        .filter(row => (!user || row.user === user) && (!channel || row.channel === channel))
    }
    const query = {
      ...user !== undefined && { userKey: rowKey(user) },
      ...channel !== undefined && { channelKey: rowKey(channel) },
      day: { $gte: since },
    }
    const rows = await this.access.run(database => database.get('gemini_token_usage', query))
    return group(rows, ({ day, user, channel, model }) => ({ day, user, channel, model }))
  }

  /**
   * The counts by day and model.
   * @param days ascending, without gaps
   * @param user without one, the counts of all people
   * @throws the database's error
   */
  async byModel(days: readonly string[], user?: string): Promise<ModelUsage[]> {
    await this.carryingOver
    await this.writes.whenIdle()
    if (this.access.isLoaded) {
      const userKey = user === undefined ? undefined : rowKey(user)
      return this.access.run(database => sumByModel(database, days, userKey))
    }
    const rows = this.rowsInMemory(days[0]).filter(row => user === undefined || row.user === user)
    return group(rows, ({ day, model }) => ({ day, model }))
  }

  /**
   * The people with the most tokens on some days.
   * @param days ascending, without gaps
   * @throws the database's error
   */
  async topUsers(days: readonly string[], limit: number): Promise<UserUsage[]> {
    await this.carryingOver
    await this.writes.whenIdle()
    if (this.access.isLoaded) {
      return mostTokensFirst(await this.access.run(database => topUsers(database, days, limit)))
    }
    return mostTokensFirst(group(this.rowsInMemory(days[0]), ({ user }) => ({ user }))).slice(0, limit)
  }

  private rowsInMemory(since: string): UsageRow[] {
    return oldestFirst(this.memory).map(([, row]) => row).filter(({ day }) => day >= since)
  }
}

/** The sums of rows that are the same in some columns. */
export function group<T extends object>(
  rows: readonly UsageRow[], columnsOf: (row: UsageRow) => T,
): (T & UsageCounts)[] {
  const groups = new Map<string, T & UsageCounts>()
  for (const row of rows) {
    const columns = columnsOf(row)
    const id = JSON.stringify(columns)
    groups.set(id, { ...columns, ...sumCounts([groups.get(id) ?? sumCounts([]), row]) })
  }
  return [...groups.values()]
}

/** Of equally many tokens, those with more requests come first. */
export function mostTokensFirst<T extends UsageCounts>(rows: T[]): T[] {
  return rows.sort((a, b) => b.prompt + b.answer - a.prompt - a.answer || b.requests - a.requests)
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
