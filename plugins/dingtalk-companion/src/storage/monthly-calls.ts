import type { Clock } from 'common/time'
import { monthOf } from '../api/monthly-quota'
import type { MonthlyQuota } from '../api/monthly-quota'
import type { DatabaseAccess } from 'common/database'

/** Keeps the calls of an app in the database, so that a restart does not reset the count. */
export class MonthlyCallsStore {
  /** The month whose stored count was added; empty until the first access succeeds. */
  private loadedMonth = ''
  private writtenCalls = 0
  private writing?: Promise<void>

  constructor(private readonly database: DatabaseAccess, private readonly app: string, private readonly clock: Clock) {}

  /** Stores the count, and first adds what was stored before. Changes during a write are written afterwards. */
  save(quota: MonthlyQuota) {
    this.writing ??= this.write(quota).finally(() => this.writing = undefined)
  }

  private async write(quota: MonthlyQuota) {
    // Calls that are counted at the same time need one write only.
    await Promise.resolve()
    while (await this.sync(quota) && quota.used !== this.writtenCalls);
  }

  /** @returns whether the count was written */
  private async sync(quota: MonthlyQuota): Promise<boolean> {
    return await this.database.try(async (database) => {
      const { app } = this
      const month = monthOf(this.clock.now())
      if (month !== this.loadedMonth) {
        const [row] = await database.get('gemini_dingtalk_usage', { app, month })
        this.loadedMonth = month
        if (row) quota.spend(row.calls)
      }
      const calls = quota.used
      await database.upsert('gemini_dingtalk_usage', [{ app, month, calls }])
      this.writtenCalls = calls
      return true
    }) ?? false
  }
}
