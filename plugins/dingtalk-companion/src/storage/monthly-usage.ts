import { randomUUID } from 'node:crypto'
import type { MonthlyQuota } from '../api/monthly-quota'
import type { Counts, SharedCounts } from '../instances/shared-counts'
import { rowKey } from 'common/database'
import type { DatabaseAccess } from 'common/database'

/** What is counted: calls of the API, or messages by webhook and over the Stream connection. */
export type UsageKind = 'calls' | 'messages'

/**
 * Keeps one count of an app in the database, so that a restart keeps it. Every process writes a row of its own,
 * because reading, adding and writing back would lose counts of others; the sum of the rows is what was used. Where
 * instances share state, each shows its count there as well, since they may have different databases.
 */
export class MonthlyUsageStore {
  private readonly writer = randomUUID()
  private readonly counter: string
  private isDirty = false
  /** A process that has counted nothing has no row. */
  private writtenKey = ''
  private saving?: Promise<void>
  /** The month for which rows of earlier months were removed. */
  private sweptMonth = ''
  /** What was read last of what is shared, which may not be reached for a while. */
  private known: { month: string, counts: Counts } = { month: '', counts: {} }

  /** @param app the app key */
  constructor(
    private readonly database: DatabaseAccess, app: string, kind: UsageKind, private readonly shared?: SharedCounts,
  ) {
    this.counter = rowKey(app, kind)
  }

  /** Stores the count of this process, and reads those of others. What changes during that is stored afterwards. */
  save(quota: MonthlyQuota) {
    this.isDirty = true
    this.saving ??= this.write(quota).finally(() => this.saving = undefined)
  }

  private async write(quota: MonthlyQuota) {
    // Uses that are counted at the same time need one write only.
    await Promise.resolve()
    while (this.isDirty) {
      this.isDirty = false
      if (!await this.sync(quota)) return
    }
  }

  /** @returns whether the counts are kept anywhere */
  private async sync(quota: MonthlyQuota): Promise<boolean> {
    const { counter, writer } = this
    const { month, own } = quota
    const key = rowKey(counter, month, writer)
    const stored = await this.store(month, key, own)
    const shared = await this.shared?.exchange(counter, month, key, own)
    if (shared) this.known = { month, counts: shared }
    const known = this.known.month === month ? this.known.counts : {}
    if (!stored && !shared) return false
    const others = { ...stored }
    for (const each in known) others[each] = Math.max(others[each] ?? 0, known[each])
    delete others[key]
    quota.setOthers(month, Object.values(others).reduce((sum, count) => sum + count, 0))
    return true
  }

  /** @returns the counts of all processes that use the database; `undefined` if it cannot be used */
  private async store(month: string, key: string, own: number): Promise<Counts | undefined> {
    return this.database.try(async (database) => {
      const { counter } = this
      if (own || key === this.writtenKey) {
        await database.upsert('dingtalk_usage', [{ key, counter, month, count: own }])
        this.writtenKey = key
      }
      const rows = await database.get('dingtalk_usage', { counter, month })
      const counts = Object.fromEntries(rows.map(row => [row.key, row.count]))
      if (month === this.sweptMonth) return counts
      this.sweptMonth = month
      await database.remove('dingtalk_usage', { counter, month: { $ne: month } })
      return counts
    })
  }
}
