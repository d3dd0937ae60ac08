import type { Context } from 'koishi'
import type { DatabaseFailure } from './actions'

type Method = (...args: unknown[]) => Promise<unknown>

const METHODS = ['get', 'eval', 'set', 'remove', 'create', 'upsert'] as const

/** Makes every call of the database fail, or, with `null`, work again. */
export function failDatabase(ctx: Context, failure: DatabaseFailure | null) {
  for (const driver of ctx.database['drivers'] as unknown as Record<typeof METHODS[number], Method>[]) {
    for (const name of METHODS) {
      // The methods of the class are below those that are set here.
      delete (driver as Partial<typeof driver>)[name]
      if (!failure) continue
      driver[name] = async () => {
        await new Promise(resolve => setTimeout(resolve, failure.waitMs))
        throw new Error(failure.message)
      }
    }
  }
}
