import type { History, IdleConversation, StoredTurn } from './history'
import type { Turn } from './turn'

/** What conversations remember. A failing database costs the history, not the answer. */
export class Archive {
  private failing = false

  /**
   * @param source where turns are kept at the moment
   * @param report is told of a failure, once until it has passed
   */
  constructor(private readonly source: () => History, private readonly report: (error: unknown) => void) {}

  /** The turns of a conversation, oldest first. */
  async load(scope: string): Promise<StoredTurn[]> {
    return await this.attempt(() => this.source().load(scope)) ?? []
  }

  async append(scope: string, turn: Turn) {
    await this.attempt(() => this.source().append(scope, turn))
  }

  /** Takes back the turns from this one on, and records another in their place. */
  async rewrite(scope: string, first: StoredTurn, turn: Turn) {
    await this.attempt(() => this.source().rewrite(scope, first.id, turn))
  }

  /** Forgets the turns up to and including this one, for good. */
  async forget(scope: string, last: Pick<StoredTurn, 'id'>) {
    await this.attempt(() => this.source().forget(scope, last.id))
  }

  /** The conversations whose last turn was stored before a time. */
  async findIdle(before: number): Promise<IdleConversation[]> {
    return await this.attempt(() => this.source().findIdle(before)) ?? []
  }

  /** Puts one turn in the place of those up to and including this one. */
  async condense(scope: string, last: StoredTurn, turn: Turn) {
    await this.attempt(() => this.source().condense(scope, last.id, turn))
  }

  /**
   * Takes back the turns from this one on.
   * @throws the database's error: who is told that it is forgotten must be able to rely on it
   */
  async rewind(scope: string, first: StoredTurn) {
    await this.source().rewind(scope, first.id)
  }

  /**
   * Forgets the whole conversation.
   * @throws the database's error
   */
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
