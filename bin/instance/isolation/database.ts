import { Context, observe } from 'koishi'
import type { Channel, Session, User } from 'koishi'
import { breakerOf } from 'common/database'

/** A database call that takes longer counts as failed. */
export const DATABASE_TIMEOUT_MS = 5000

interface Observed {
  $update?: () => unknown
}

const isProtected = Symbol('isProtected')

async function withTimeout<T>(task: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout
  const timedOut = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no response within ${ms / 1000} s`)), ms)
  })
  return Promise.race([task, timedOut]).finally(() => clearTimeout(timer))
}

/**
 * Keeps messages answered while the database fails. Koishi looks up user and channel before any middleware runs, and
 * drops the message if that fails. Here they are treated as new instead: with the authority of new users, and without
 * writing anything. A database that is locked or does not answer is asked only now and then.
 * @param report called with every failure
 * @returns a function that reverts this
 */
export function surviveDatabase(app: Context, report: (error: unknown, what: string) => void) {
  const breaker = breakerOf(app)

  async function guarded<T extends object>(task: () => Promise<T>, what: string, fallback: () => T): Promise<T> {
    try {
      return protect(await breaker.run(() => withTimeout(task(), DATABASE_TIMEOUT_MS)), what)
    } catch (error) {
      report(error, `look up the ${what}`)
      return fallback()
    }
  }

  /** Koishi saves changes after the middleware chain. If that fails, it does not emit the end of the chain. */
  function protect<T extends object>(observed: T, what: string): T {
    const row = observed as Observed
    const { $update: update } = row
    if (!update || isProtected in update) return observed
    const save = async () => {
      try {
        await breaker.run(() => withTimeout(Promise.resolve(update.call(observed)), DATABASE_TIMEOUT_MS))
      } catch (error) {
        report(error, `save the ${what}`)
      }
    }
    row.$update = Object.assign(save, { [isProtected]: true })
    return observed
  }

  const undo = [
    override<[Iterable<User.Field>], User.Observed>(app, 'session.observeUser', (session, load, fields) => {
      return guarded(() => load(fields), 'user', () => {
        const row = app.model.tables.user!.create() as User
        row.authority = session.resolve(app.koishi.config.autoAuthorize) ?? 1
        return session.user = observe(row, () => Promise.resolve()) as User.Observed
      })
    }),
    override<[Iterable<Channel.Field>], Channel.Observed>(app, 'session.observeChannel', (session, load, fields) => {
      return guarded(() => load(fields), 'channel', () => {
        const row = app.model.tables.channel!.create() as Channel
        Object.assign(row, { id: session.channelId, platform: session.platform, assignee: session.selfId })
        return session.channel = observe(row, () => Promise.resolve()) as Channel.Observed
      })
    }),
  ]
  return () => undo.forEach(callback => callback())
}

interface Accessor {
  type: 'accessor'
  get(this: Context, session: Session): (...args: never[]) => unknown
}

/** Overrides a method that Koishi mixes into every session. A property set on the session would be ignored. */
function override<A extends unknown[], R>(
  app: Context,
  name: string,
  method: (session: Session, original: (...args: A) => Promise<R>, ...args: A) => Promise<R>,
) {
  const accessors = (app.root as unknown as Record<symbol, Record<string, Accessor>>)[Context.internal as symbol]
  const original = accessors[name]
  accessors[name] = {
    ...original,
    get(session) {
      const call = original.get.call(this, session) as (...args: A) => Promise<R>
      return (...args: A) => method(session, call, ...args)
    },
  }
  return () => { accessors[name] = original }
}
