import type { DatabaseAccess } from 'common/database'
import type { History, IdleConversation, StoredTurn } from './history'
import type { Turn } from './turn'

/** The history of all conversations. A failing database costs the history, not the answer. */
export class Archive {
  /** @param source gives the history that is in use at the moment */
  constructor(private readonly source: () => History, private readonly access: DatabaseAccess) {}

  /**
   * The turns of a conversation, oldest first.
   * @param room tokens after which older turns may be left out
   */
  async load(scope: string, room?: number): Promise<StoredTurn[]> {
    return await this.access.guard(async () => this.source().load(scope, room)) ?? []
  }

  /** Adds a turn at the end. */
  async append(scope: string, turn: Turn) {
    await this.access.guard(async () => this.source().append(scope, turn))
  }

  /** Replaces the turns from `first` to the end with one turn. */
  async rewrite(scope: string, first: StoredTurn, turn: Turn) {
    await this.access.guard(async () => this.source().rewrite(scope, first.id, turn))
  }

  /** Deletes the turns up to and including `last`. */
  async forget(scope: string, last: Pick<StoredTurn, 'id'>) {
    await this.access.guard(async () => this.source().forget(scope, last.id))
  }

  /** The conversations whose last turn was stored before `before`, in milliseconds since 1970. */
  async findIdle(before: number): Promise<IdleConversation[]> {
    return await this.access.guard(async () => this.source().findIdle(before)) ?? []
  }

  /** Replaces the turns up to and including `last` with one turn. */
  async condense(scope: string, last: StoredTurn, turn: Turn) {
    await this.access.guard(async () => this.source().condense(scope, last.id, turn))
  }

  /**
   * Deletes the turns from `first` to the end.
   * @throws the database's error, because the user is told whether it worked
   */
  async rewind(scope: string, first: StoredTurn) {
    await this.source().rewind(scope, first.id)
  }

  /**
   * Deletes the whole conversation.
   * @throws the database's error
   */
  async clear(scope: string) {
    await this.source().forget(scope)
  }
}
