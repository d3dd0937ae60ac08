import type { Clock } from './clock'

/** Signatures of callbacks that have been answered, so that one which comes a second time is known. Bounded. */
export class RecentlySeen {
  private young = new Set<string>()
  private old = new Set<string>()
  private since: number

  /**
   * @param span how long a signature is known at least, in milliseconds
   * @param capacity most signatures of one span; beyond it the oldest are forgotten early
   */
  constructor(readonly clock: Clock, public span: number, readonly capacity = 100_000) {
    this.since = clock.now()
  }

  get size() {
    return this.young.size + this.old.size
  }

  /** Notes a signature; `true` where it was known. */
  seen(signature: string): boolean {
    this.turnOver()
    const known = this.young.has(signature) || this.old.has(signature)
    this.young.add(signature)
    return known
  }

  /** What was not taken may come again. */
  forget(signature: string) {
    this.young.delete(signature)
    this.old.delete(signature)
  }

  /** Two sets in turn: nothing has a timer of its own, and forgetting costs nothing. */
  private turnOver() {
    const now = this.clock.now()
    if (now - this.since < this.span && this.young.size < this.capacity) return
    this.old = now - this.since < 2 * this.span ? this.young : new Set()
    this.young = new Set()
    this.since = now
  }
}
