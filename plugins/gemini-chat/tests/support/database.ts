import { format } from 'node:util'
import { DatabaseAccess } from 'common/database'
import { FakeClock } from 'common/testing'
import type { Context } from 'koishi'

/**
 * Access to the database of a context.
 * @param lines receives what is logged
 */
export function createAccess(ctx: Context, lines: string[] = []): DatabaseAccess {
  const log = (...args: unknown[]) => void lines.push(format(...args))
  return new DatabaseAccess(ctx, { clock: new FakeClock(), logger: { info: log, warn: log } as never, subject: 'it' })
}

/** Access to this database, which may have only a few methods. */
export function accessTo(database: object, lines?: string[]): DatabaseAccess {
  return createAccess({ get: () => database } as never, lines)
}
