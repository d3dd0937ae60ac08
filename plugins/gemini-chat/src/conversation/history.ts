import type { Turn } from './turn'

export interface StoredTurn extends Turn {
  /** Grows with time, within a conversation. */
  id: number
}

/** Where conversations are remembered. */
export interface History {
  /** The turns of a conversation, oldest first. */
  load(scope: string): Promise<StoredTurn[]>
  append(scope: string, turn: Turn): Promise<void>
  /** Forgets the turns up to and including this one, or the whole conversation. */
  forget(scope: string, last?: number): Promise<void>
}

/** Remembers in memory the conversations that were used last. */
export class MemoryHistory implements History {
  private readonly conversations = new Map<string, StoredTurn[]>()
  private id = 0

  /** @param capacity how many conversations are kept */
  constructor(private readonly capacity = 500) {}

  async load(scope: string) {
    const turns = this.conversations.get(scope)
    if (turns) this.store(scope, turns)
    return turns ?? []
  }

  async append(scope: string, turn: Turn) {
    this.store(scope, [...this.conversations.get(scope) ?? [], { ...turn, id: ++this.id }])
    if (this.conversations.size <= this.capacity) return
    const [oldest] = this.conversations.keys()
    this.conversations.delete(oldest)
  }

  async forget(scope: string, last = Infinity) {
    const rest = this.conversations.get(scope)?.filter(turn => turn.id > last)
    if (rest?.length) this.store(scope, rest)
    else this.conversations.delete(scope)
  }

  /** A map keeps the order of insertion: what is put back goes to the end, what was not used is found at the front. */
  private store(scope: string, turns: StoredTurn[]) {
    this.conversations.delete(scope)
    this.conversations.set(scope, turns)
  }
}
