import { randomUUID } from 'node:crypto'
import type { MonthlyQuota } from '../api/monthly-quota'
import { rowKey } from 'common/database'
import type { DatabaseAccess } from 'common/database'

/** What is counted: calls of the API, or messages by webhook and over the Stream connection. */
export type UsageKind = 'calls' | 'messages'

/**
 * Keeps one count of an app in the database, so that a restart keeps it. Every process writes a row of its own,
 * because reading, adding and writing back would lose counts of others; the sum of the rows is what was used.
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

  /** @param app the app key */
  constructor(private readonly database: DatabaseAccess, app: string, kind: UsageKind) {
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

  /** @returns whether the database could be used */
  private async sync(quota: MonthlyQuota): Promise<boolean> {
    return await this.database.try(async (database) => {
      const { counter, writer } = this
      const { month, own } = quota
      const key = rowKey(counter, month, writer)
      if (own || key === this.writtenKey) {
        await database.upsert('dingtalk_usage', [{ key, counter, month, count: own }])
        this.writtenKey = key
      }
      const rows = await database.get('dingtalk_usage', { counter, month })
      quota.setOthers(month, rows.reduce((sum, row) => row.key === key ? sum : sum + row.count, 0))
      if (month === this.sweptMonth) return true
      this.sweptMonth = month
      await database.remove('dingtalk_usage', { counter, month: { $ne: month } })
      return true
    }) ?? false
  }
}
