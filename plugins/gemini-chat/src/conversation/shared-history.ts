import type { SharedValues } from '../instances/shared-values'
import type { History, IdleConversation, StoredTurn } from './history'
import { MemoryHistory } from './history'
import type { Turn } from './turn'

/**
 * Conversations that all instances continue, each a value of its own. A conversation that was stored elsewhere before
 * is taken over when it is first used.
 */
export class SharedHistory implements History {
  /**
   * @param former where conversations were stored before
   * @param expiryMs how long a conversation is kept after its last turn
   */
  constructor(
    private readonly values: SharedValues,
    private readonly former: () => History,
    private readonly now: () => number,
    private readonly expiryMs: number,
  ) {}

  async load(scope: string, room?: number): Promise<StoredTurn[]> {
    return await this.values.read<StoredTurn[]>(keyOf(scope)) ?? this.former().load(scope, room)
  }

  append(scope: string, turn: Turn) {
    return this.edit(scope, history => history.append(scope, turn))
  }

  forget(scope: string, last?: number) {
    return this.edit(scope, history => history.forget(scope, last))
  }

  rewind(scope: string, first: number) {
    return this.edit(scope, history => history.rewind(scope, first))
  }

  rewrite(scope: string, first: number, turn: Turn) {
    return this.edit(scope, history => history.rewrite(scope, first, turn))
  }

  condense(scope: string, last: number, turn: Turn) {
    return this.edit(scope, history => history.condense(scope, last, turn))
  }

  /** Shared conversations expire by themselves; former ones are removed here. */
  async findIdle(before: number): Promise<IdleConversation[]> {
    for (const { scope, id } of await this.former().findIdle(before)) await this.former().forget(scope, id)
    return []
  }

  /** An empty conversation is stored, too, so that its former turns do not come back. */
  private edit(scope: string, edit: (history: MemoryHistory) => Promise<void>) {
    return this.values.edit<StoredTurn[]>(keyOf(scope), this.expiryMs, async (stored) => {
      const history = new MemoryHistory(this.now)
      history.restore(scope, stored ?? await this.former().load(scope))
      await edit(history)
      return history.load(scope)
    })
  }
}

function keyOf(scope: string) {
  return `history/${scope}`
}
