/** Limits how many questions are handled at the same time, in total and per person. */
export class ConcurrencyLimits {
  private total = 0
  private readonly byUser = new Map<string, number>()

  /** 0 is no limit. */
  constructor(private readonly limits: { total: number, each: number }) {}

  /**
   * Counts a question in.
   * @returns a function that counts it out again, or the limit that is reached
   */
  acquire(person: string): (() => void) | 'total' | 'each' {
    const { total, each } = this.limits
    const own = this.byUser.get(person) ?? 0
    if (each && own >= each) return 'each'
    if (total && this.total >= total) return 'total'
    this.total++
    this.byUser.set(person, own + 1)
    return () => this.release(person)
  }

  private release(person: string) {
    this.total--
    const left = this.byUser.get(person)! - 1
    if (left) this.byUser.set(person, left)
    else this.byUser.delete(person)
  }
}
