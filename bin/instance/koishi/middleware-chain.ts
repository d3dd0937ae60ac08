import { Next, Processor, SessionError, coerce, version } from 'koishi'
import type { Context, Dict, Middleware, Session } from 'koishi'

/** The release whose method is replaced. Another may do more in it. */
const KNOWN_VERSION = '4.18.11'

/** What of Koishi's processor its method needs, some of which is private. */
interface MessageProcessor {
  ctx: Context
  _sessions: Dict<Session>
  _hooks: { callback: Middleware }[]
  _handleMessage(session: Session): Promise<void>
}

interface HookFilter {
  filterHooks<T>(hooks: T[], session: Session): T[]
}

/**
 * Makes a message that waits for its answer smaller. Koishi binds every middleware to the session, and keeps the frame
 * of an async function for every middleware that is waiting for the next one: 3 KB altogether. Here there is a promise
 * for each. Behaviour is the same.
 * @returns a function that reverts this, or `undefined` where Koishi has another version and nothing was done
 */
export function slimMiddlewareChain(installed: string = version): (() => void) | undefined {
  if (installed !== KNOWN_VERSION) return
  const prototype = Processor.prototype as unknown as MessageProcessor
  const { _handleMessage: original } = prototype
  prototype._handleMessage = async function(session) {
    if (session.selfId === session.userId) return
    this._sessions[session.id] = session
    const next = chainOf(this, session)
    try {
      const result = await next()
      if (result) await session.send(result)
    } finally {
      delete this._sessions[session.id]
      await session.user?.$update()
      await session.channel?.$update()
      await session.guild?.$update()
      this.ctx.emit(session, 'middleware', session)
    }
  }
  return () => {
    prototype._handleMessage = original
  }
}

/** @returns a function that runs the first middleware, and that each of them is given to run the next one */
function chainOf(processor: MessageProcessor, session: Session): Next {
  const { lifecycle } = processor.ctx as unknown as { lifecycle: HookFilter }
  let queue = lifecycle.filterHooks(processor._hooks, session).map(({ callback }) => callback)
  let index = 0
  const failed = (error: unknown) => {
    if (error instanceof SessionError) return session.text(error.path, error.param)
    processor.ctx.logger('session').warn(`${session.content}\n${coerce(error)}`)
  }
  const next: Next = (callback) => {
    try {
      if (!processor._sessions[session.id]) throw new Error('isolated next function detected')
      if (callback !== undefined) {
        // With `push`, V8 would reserve room for sixteen more.
        queue = queue.concat((_, rest) => Next.compose(callback, rest))
        if (queue.length > Next.MAX_DEPTH) throw new Error(`middleware stack exceeded ${Next.MAX_DEPTH}`)
      }
      const middleware = queue[index++]
      return Promise.resolve(middleware?.(session, next)).then(undefined, failed)
    } catch (error) {
      return Promise.reject(error as Error).then(undefined, failed)
    }
  }
  return next
}
