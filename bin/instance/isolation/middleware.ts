import { SessionError } from 'koishi'
import type { Context, Middleware, Next, Session } from 'koishi'
import { pluginOf } from './events'

interface Hook {
  ctx: Context
  callback: Middleware
}

interface Processor {
  _hooks: Hook[]
  middleware(this: { ctx: Context }, middleware: Middleware, options?: unknown): () => boolean
}

/**
 * Answers for a middleware that throws. Koishi logs the text of the message and ends the chain without a word, so the
 * person gets nothing and the middleware behind never runs.
 * @param report is given the exception and the plugin it comes from
 * @param apologise what to say to the person; nothing to people who did not address the bot
 * @returns a function that undoes it
 */
export function isolateMiddleware(
  app: Context,
  report: (error: unknown, what: string, plugin: string) => void,
  apologise: (session: Session) => string | undefined,
) {
  const processor = (app as unknown as { $processor: Processor }).$processor

  const isolate = (middleware: Middleware, ctx: Context): Middleware => async (session, next) => {
    let rest: Promise<unknown> | undefined
    const observed: Next = (callback) => {
      const result = next(callback)
      rest = result
      return result
    }
    try {
      return await middleware(session, observed)
    } catch (error) {
      if (error instanceof SessionError) throw error
      report(error, 'middleware', pluginOf(ctx))
      // What the middleware behind it has answered is not lost with it.
      if (rest) return await rest as Awaited<ReturnType<Middleware>>
      return apologise(session)
    }
  }

  const { middleware } = processor
  processor.middleware = function(callback, options) {
    return middleware.call(this, isolate(callback, this.ctx), options)
  }
  const replaced = processor._hooks.map((hook): [Hook, Middleware] => [hook, hook.callback])
  for (const [hook, callback] of replaced) hook.callback = isolate(callback, hook.ctx)
  return () => {
    processor.middleware = middleware
    for (const [hook, callback] of replaced) hook.callback = callback
  }
}
