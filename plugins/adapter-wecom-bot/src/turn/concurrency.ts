import type { Clock } from 'common/time'

export interface ConcurrencyLimits {
  /** Most turns that a bot answers at once. */
  total: number
  /** Most turns of one person. WeCom itself allows three. */
  user: number
  /** Milliseconds after which a turn that has not ended is not counted: WeCom has given it up by then. */
  maxAge: number
}

/** Counts the turns being answered, in total and per person. */
export class Concurrency {
  private readonly turns = new Map<string, { userId: string, at: number }>()
  private readonly users = new Map<string, number>()

  constructor(readonly limits: ConcurrencyLimits, readonly clock: Clock) {}

  get size() {
    return this.turns.size
  }

  /** Whether another turn of this person would exceed a limit. */
  isFull(userId: string): boolean {
    const now = this.clock.monotonic()
    for (const [id, { at }] of this.turns) {
      if (now - at < this.limits.maxAge) break
      this.release(id)
    }
    return this.turns.size >= this.limits.total || (this.users.get(userId) ?? 0) >= this.limits.user
  }

  add(id: string, userId: string) {
    this.turns.set(id, { userId, at: this.clock.monotonic() })
    this.users.set(userId, (this.users.get(userId) ?? 0) + 1)
  }

  /** Ignored for a turn that is not counted. */
  release(id: string) {
    const turn = this.turns.get(id)
    if (!turn) return
    this.turns.delete(id)
    const count = this.users.get(turn.userId)! - 1
    if (count) this.users.set(turn.userId, count)
    else this.users.delete(turn.userId)
  }
}
