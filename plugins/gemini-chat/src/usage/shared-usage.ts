import type { Increment, SharedState } from 'common/shared-state'
import type { ModelUsage } from './usage-sums'
import type { UsageCounts, UsageRow } from './usage-table'

/** Reports cover 30 days, which are over two days later in every time zone. */
const RETENTION_MS = 32 * 24 * 3600_000

const COUNTS: readonly (keyof UsageCounts)[] = ['requests', 'errors', 'prompt', 'answer']

/** The usage that all instances have counted since they share state. Without shared state there is none. */
export class SharedUsage {
  /** @param state `undefined` as long as nothing is shared */
  constructor(private readonly state: () => SharedState | undefined) {}

  /** It can be read at present. */
  get isActive(): boolean {
    const state = this.state()
    return !!state && !state.isDegraded
  }

  /** Adds to the usage of a day. Returns at once and never fails. */
  add({ day, user, model }: Pick<UsageRow, 'day' | 'user' | 'model'>, counts: UsageCounts) {
    const used = COUNTS.flatMap((name) => {
      // A relay may report fractions; Redis counts whole numbers.
      const by = Math.round(counts[name])
      return by > 0 && Number.isSafeInteger(by) ? { name, by } : []
    })
    const tokens = used.reduce((sum, { name, by }) => name === 'prompt' || name === 'answer' ? sum + by : sum, 0)
    const increments: Increment[] = [totalKey(day), personKey(day, user)].flatMap((key) => {
      return used.map(({ name, by }) => ({ key, field: `${name} ${model}`, by }))
    })
    // Those whose answers all failed are listed, too.
    increments.push({ key: peopleKey(day), field: user, by: tokens })
    void this.state()?.increment(increments, RETENTION_MS)
  }

  /**
   * The counts by day and model.
   * @param user without one, the counts of all people
   */
  async byModel(days: readonly string[], user?: string): Promise<ModelUsage[]> {
    const usage = await Promise.all(days.map(async (day) => {
      const counts = await this.read(user === undefined ? totalKey(day) : personKey(day, user))
      const models = new Map<string, ModelUsage>()
      for (const [field, count] of counts) {
        const [, name, model] = /^(requests|errors|prompt|answer) (.*)$/s.exec(field) ?? []
        if (model === undefined) continue
        const sum = models.get(model) ?? { day, model, requests: 0, errors: 0, prompt: 0, answer: 0 }
        models.set(model, { ...sum, [name]: count })
      }
      return [...models.values()]
    }))
    return usage.flat()
  }

  /** The people with the most tokens on some days, most first. */
  async topUsers(days: readonly string[], limit: number): Promise<string[]> {
    const tokens = new Map<string, number>()
    // One after the other: a day may have thousands of people, and a command that takes long looks like an outage.
    for (const day of days) {
      for (const [user, count] of await this.read(peopleKey(day))) tokens.set(user, (tokens.get(user) ?? 0) + count)
    }
    return [...tokens].sort(([, one], [, other]) => other - one).slice(0, limit).map(([user]) => user)
  }

  private async read(key: string): Promise<ReadonlyMap<string, number>> {
    return await this.state()?.counts(key) ?? new Map<string, number>()
  }
}

function totalKey(day: string) {
  return `gemini-chat/usage/${day}`
}

function personKey(day: string, user: string) {
  return `gemini-chat/usage/${day}/person/${user}`
}

function peopleKey(day: string) {
  return `gemini-chat/usage/${day}/people`
}
