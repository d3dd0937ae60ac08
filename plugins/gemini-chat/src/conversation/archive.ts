import { fit } from './budget'
import type { History, StoredTurn } from './history'
import type { Turn } from './turn'

/** What conversations remember, within their budget. A failing database costs the history, not the answer. */
export class Archive {
  private failing = false

  /**
   * @param source where turns are kept at the moment
   * @param budget tokens per conversation
   * @param report is told of a failure, once until it has passed
   */
  constructor(
    private readonly source: () => History,
    private readonly budget: number,
    private readonly report: (error: unknown) => void,
  ) {}

  /** The turns of a conversation that are within the budget, oldest first. Older ones are forgotten for good. */
  async recall(scope: string): Promise<StoredTurn[]> {
    const turns = await this.attempt(() => this.source().load(scope)) ?? []
    const kept = fit(turns, this.budget)
    const dropped = turns.at(-kept.length - 1)
    if (dropped) await this.attempt(() => this.source().forget(scope, dropped.id))
    return kept
  }

  async record(scope: string, turn: Turn) {
    await this.attempt(() => this.source().append(scope, turn))
  }

  /** @throws the database's error: who is told that all is forgotten must be able to rely on it */
  async clear(scope: string) {
    await this.source().forget(scope)
  }

  private async attempt<T>(task: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await task()
      this.failing = false
      return result
    } catch (error) {
      if (!this.failing) this.report(error)
      this.failing = true
    }
  }
}
