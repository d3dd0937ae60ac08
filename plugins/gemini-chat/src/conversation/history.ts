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

/** Remembers in memory the conversations that were used last. */
export class MemoryHistory implements History {
  private readonly conversations = new Map<string, StoredTurn[]>()
  private id = 0

  /** @param capacity how many conversations are kept */
  constructor(private readonly now: () => number, private readonly capacity = 500) {}

  async load(scope: string) {
    const turns = this.conversations.get(scope)
    if (turns) this.store(scope, turns)
    return turns ?? []
  }

  async append(scope: string, turn: Turn) {
    this.store(scope, [...this.conversations.get(scope) ?? [], { ...turn, id: ++this.id, at: this.now() }])
    if (this.conversations.size <= this.capacity) return
    const [oldest] = this.conversations.keys()
    this.conversations.delete(oldest)
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
    this.store(scope, [...turns.filter(({ id }) => id < first), { ...turn, id: first, at: this.now() }])
  }

  async condense(scope: string, last: number, turn: Turn) {
    const turns = this.conversations.get(scope) ?? []
    const condensed = turns.find(({ id }) => id === last)
    if (!condensed) return
    this.store(scope, [{ ...turn, id: last, at: condensed.at }, ...turns.filter(({ id }) => id > last)])
  }

  async findIdle(before: number) {
    const ends = [...this.conversations].map(([scope, turns]) => ({ scope, ...turns.at(-1)! }))
    return ends.filter(({ at }) => at < before).map(({ scope, id }) => ({ scope, id }))
  }

  /** How many conversations are kept. */
  get size() {
    return this.conversations.size
  }

  private keep(scope: string, condition: (turn: StoredTurn) => boolean) {
    const rest = this.conversations.get(scope)?.filter(condition)
    if (rest?.length) this.store(scope, rest)
    else this.conversations.delete(scope)
  }

  /** A map keeps the order of insertion: what is put back goes to the end, what was not used is found at the front. */
  private store(scope: string, turns: StoredTurn[]) {
    this.conversations.delete(scope)
    this.conversations.set(scope, turns)
  }
}
