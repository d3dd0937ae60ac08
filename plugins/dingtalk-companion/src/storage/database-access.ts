import type { Context } from 'koishi'

/** Koishi's database, which is optional and may fail. Nothing that is stored here is worth failing a message for. */
export class DatabaseAccess {
  private failing = false

  /** @param warn called once when the database begins to fail */
  constructor(private readonly ctx: Context, private readonly warn: (error: unknown) => void) {}

  /** @returns undefined without a database, and where the task fails */
  async use<T>(task: (database: Context['database']) => Promise<T>): Promise<T | undefined> {
    const database = this.ctx.get('database')
    if (!database) return
    try {
      const result = await task(database)
      this.failing = false
      return result
    } catch (error) {
      if (!this.failing) this.warn(error)
      this.failing = true
    }
  }
}
