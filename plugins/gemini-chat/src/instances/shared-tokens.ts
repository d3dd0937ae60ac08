import type { SharedValues } from './shared-values'

/** A day, in whatever time zone, is over by then. */
const DAY_TTL_MS = 2 * 24 * 3600_000

/** Tokens of today over all instances, also where each has a database of its own. */
export class SharedTokens {
  /** @param day the present day, as a text */
  constructor(private readonly values: SharedValues, private readonly day: () => string) {}

  /**
   * Adds to the count of a person or a channel. Never rejects: if other instances change it all the time, they count
   * without this answer.
   */
  async add(key: string, tokens: number) {
    if (!tokens || !this.values.isActive) return
    await this.values.edit<number>(this.nameOf(key), DAY_TTL_MS, async (count = 0) => count + tokens).catch(() => {})
  }

  /** The count of a person or a channel; 0 while nothing is shared. */
  async read(key: string): Promise<number> {
    return this.values.isActive ? await this.values.read<number>(this.nameOf(key)) ?? 0 : 0
  }

  private nameOf(key: string) {
    return `tokens/${this.day()}/${key}`
  }
}
