import { LruMap, oldestFirst } from 'common/collections'
import type { Turn } from './turn'

export interface StoredTurn extends Turn {
  /** Ascending within a conversation. */
  id: number
  /** When it was stored, in milliseconds since 1970. */
  at: number
}

/** A conversation without recent turns. */
export interface IdleConversation {
  scope: string
  /** Id of its last turn. */
  id: number
}

/** Storage of conversations. A `scope` names a conversation, `first` and `last` are ids of turns. */
export interface History {
  /**
   * The turns of a conversation, oldest first.
   * @param room tokens after which older turns may be left out; the turn that exceeds them is the oldest that is needed
   */
  load(scope: string, room?: number): Promise<StoredTurn[]>
  /** Adds a turn at the end. */
  append(scope: string, turn: Turn): Promise<void>
  /** Deletes the turns up to and including `last`; without `last`, the whole conversation. */
  forget(scope: string, last?: number): Promise<void>
  /** Deletes the turns from `first` to the end. */
  rewind(scope: string, first: number): Promise<void>
  /** Replaces the turns from `first` to the end with one turn. */
  rewrite(scope: string, first: number, turn: Turn): Promise<void>
  /** Replaces the turns up to and including `last` with one turn, which keeps the id and time of `last`. */
  condense(scope: string, last: number, turn: Turn): Promise<void>
  /** The conversations whose last turn was stored before `before`, in milliseconds since 1970. */
  findIdle(before: number): Promise<IdleConversation[]>
}

/** Keeps the most recently used conversations in memory. */
export class MemoryHistory implements History {
  private readonly conversations: LruMap<string, StoredTurn[]>
  private id = 0

  /** @param capacity most conversations */
  constructor(private readonly now: () => number, capacity = 500) {
    this.conversations = new LruMap({ capacity })
  }

  /** Sets the turns of a conversation. */
  restore(scope: string, turns: StoredTurn[]) {
    this.id = Math.max(this.id, ...turns.map(({ id }) => id))
    this.conversations.set(scope, turns)
  }

  async load(scope: string) {
    return this.conversations.get(scope) ?? []
  }

  async append(scope: string, turn: Turn) {
    this.conversations.set(scope, [...this.conversations.get(scope) ?? [], { ...turn, id: ++this.id, at: this.now() }])
  }

  async forget(scope: string, last = Infinity) {
    this.keep(scope, turn => turn.id > last)
  }

  async rewind(scope: string, first: number) {
    this.keep(scope, turn => turn.id < first)
  }

  async rewrite(scope: string, first: number, turn: Turn) {
    const turns = this.conversations.get(scope)
    if (!turns) return this.append(scope, turn)
    this.conversations.set(scope, [...turns.filter(({ id }) => id < first), { ...turn, id: first, at: this.now() }])
  }

  async condense(scope: string, last: number, turn: Turn) {
    const turns = this.conversations.get(scope) ?? []
    const condensed = turns.find(({ id }) => id === last)
    if (!condensed) return
    this.conversations.set(scope, [{ ...turn, id: last, at: condensed.at }, ...turns.filter(({ id }) => id > last)])
  }

  async findIdle(before: number) {
    const ends = oldestFirst(this.conversations).map(([scope, turns]) => ({ scope, ...turns.at(-1)! }))
    return ends.filter(({ at }) => at < before).map(({ scope, id }) => ({ scope, id }))
  }

  /** How many conversations are kept. */
  get size() {
    return this.conversations.size
  }

  private keep(scope: string, condition: (turn: StoredTurn) => boolean) {
    const rest = this.conversations.get(scope)?.filter(condition)
    if (rest?.length) this.conversations.set(scope, rest)
    else this.conversations.delete(scope)
  }
}
