import type { SharedUsage } from './shared-usage'
import { mostTokensFirst, sumCounts } from './usage-store'
import type { UsageStore } from './usage-store'
import type { ModelUsage, UserUsage } from './usage-sums'
import type { UsageCounts } from './usage-table'

type Usage = Pick<UsageStore, 'byModel' | 'topUsers'>

/**
 * The usage over all instances, for reports. The database of this instance has counts of before state was shared, and
 * of the instances that use the same one; the shared counts are those of all instances since then. Neither has one
 * twice, so the larger one of a day is the nearer to the truth, and their sum would be too much.
 */
export class CombinedUsage implements Usage {
  constructor(private readonly own: Usage, private readonly shared: SharedUsage) {}

  /** @throws the database's error */
  async byModel(days: readonly string[], user?: string): Promise<ModelUsage[]> {
    const own = await this.own.byModel(days, user)
    if (!this.shared.isActive) return own
    const usage = new Map<string, ModelUsage>()
    for (const row of [...own, ...await this.shared.byModel(days, user)]) {
      const id = JSON.stringify([row.day, row.model])
      usage.set(id, { ...row, ...larger(row, usage.get(id)) })
    }
    return [...usage.values()]
  }

  /** @throws the database's error */
  async topUsers(days: readonly string[], limit: number): Promise<UserUsage[]> {
    const own = await this.own.topUsers(days, limit)
    if (!this.shared.isActive) return own
    const users = new Set([...own.map(({ user }) => user), ...await this.shared.topUsers(days, limit)])
    const usage: UserUsage[] = []
    for (const user of users) usage.push({ user, ...sumCounts(await this.byModel(days, user)) })
    return mostTokensFirst(usage).slice(0, limit)
  }
}

function larger(one: UsageCounts, other: UsageCounts = one): UsageCounts {
  return {
    requests: Math.max(one.requests, other.requests),
    errors: Math.max(one.errors, other.errors),
    prompt: Math.max(one.prompt, other.prompt),
    answer: Math.max(one.answer, other.answer),
  }
}
