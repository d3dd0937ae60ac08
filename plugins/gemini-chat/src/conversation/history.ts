import { LruMap, oldestFirst } from 'common/collections'
import type { Turn } from './turn'

export interface StoredTurn extends Turn {
  /** Grows with time, within a conversation. */
  id: number
  /** When it was stored, in milliseconds since 1970. */
  at: number
}

/** A conversation in which nobody speaks any more. */
export interface IdleConversation {
  scope: string
  /** Of its last turn. */
  id: number
}

/** Where conversations are remembered. */
export interface History {
  /** The turns of a conversation, oldest first. */
  load(scope: string): Promise<StoredTurn[]>
  append(scope: string, turn: Turn): Promise<void>
  /** Forgets the turns up to and including this one, or the whole conversation. */
  forget(scope: string, last?: number): Promise<void>
  /** Takes back the turns from this one on. */
  rewind(scope: string, first: number): Promise<void>
  /** Puts one turn in the place of those from this one on. */
  rewrite(scope: string, first: number, turn: Turn): Promise<void>
  /** Puts one turn in the place of those up to and including this one. */
  condense(scope: string, last: number, turn: Turn): Promise<void>
  /** The conversations whose last turn was stored before a time. */
  findIdle(before: number): Promise<IdleConversation[]>
}

/** Keeps the conversations in memory that were used last. */
export class MemoryHistory implements History {
  private readonly conversations: LruMap<string, StoredTurn[]>
  private id = 0

  /** @param capacity most conversations */
  constructor(private readonly now: () => number, capacity = 500) {
    this.conversations = new LruMap({ capacity })
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
