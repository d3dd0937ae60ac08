/** Counts the questions that are being dealt with, altogether and by person. */
export class Caps {
  private total = 0
  private readonly people = new Map<string, number>()

  /** 0 is no limit. */
  constructor(private readonly limits: { total: number, each: number }) {}

  /**
   * Lets a question in.
   * @returns how it leaves again, or which limit is reached
   */
  enter(person: string): (() => void) | 'total' | 'each' {
    const { total, each } = this.limits
    const own = this.people.get(person) ?? 0
    if (each && own >= each) return 'each'
    if (total && this.total >= total) return 'total'
    this.total++
    this.people.set(person, own + 1)
    return () => this.leave(person)
  }

  private leave(person: string) {
    this.total--
    const left = this.people.get(person)! - 1
    if (left) this.people.set(person, left)
    else this.people.delete(person)
  }
}
