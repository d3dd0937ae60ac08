import { Context, observe } from 'koishi'
import type { Channel, Session, User } from 'koishi'

/** A database that does not answer for so long counts as failing. */
export const DATABASE_TIMEOUT_MS = 5000

interface Observed {
  $update?: () => unknown
}

const isProtected = Symbol('isProtected')

async function limit<T>(task: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms)
  })
  return Promise.race([task, late]).finally(() => clearTimeout(timer))
}

/**
 * Lets a message be answered while the database fails. Koishi looks the person and the group up before any middleware
 * runs, and drops the message when that fails. Here they count as new instead: with the authority of new people, and
 * nothing is written.
 * @param report is given every failure
 * @returns a function that undoes it
 */
export function surviveDatabase(app: Context, report: (error: unknown, what: string) => void) {
  async function guarded<T extends object>(task: () => Promise<T>, what: string, fallback: () => T): Promise<T> {
    try {
      return protect(await limit(task(), DATABASE_TIMEOUT_MS), what)
    } catch (error) {
      report(error, `look up the ${what}`)
      return fallback()
    }
  }

  /** Koishi saves changes after the chain, and emits no end of it when that fails. */
  function protect<T extends object>(observed: T, what: string): T {
    const row = observed as Observed
    const { $update: update } = row
    if (!update || isProtected in update) return observed
    const save = async () => {
      try {
        await limit(Promise.resolve(update.call(observed)), DATABASE_TIMEOUT_MS)
      } catch (error) {
        report(error, `save the ${what}`)
      }
    }
    row.$update = Object.assign(save, { [isProtected]: true })
    return observed
  }

  const undo = [
    override<[Iterable<User.Field>], User.Observed>(app, 'session.observeUser', (session, load, fields) => {
      return guarded(() => load(fields), 'person', () => {
        const row = app.model.tables.user!.create() as User
        row.authority = session.resolve(app.koishi.config.autoAuthorize) ?? 1
        return session.user = observe(row, () => Promise.resolve()) as User.Observed
      })
    }),
    override<[Iterable<Channel.Field>], Channel.Observed>(app, 'session.observeChannel', (session, load, fields) => {
      return guarded(() => load(fields), 'group', () => {
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

/** Puts a method of every session in place of one that Koishi mixes in; a property of a session would not be found. */
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
