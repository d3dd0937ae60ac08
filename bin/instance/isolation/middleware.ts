import { SessionError } from 'koishi'
import type { Context, Middleware, Next, Session } from 'koishi'
import { pluginOf } from './events'

interface Hook {
  ctx: Context
  callback: Middleware
}

interface Lifecycle {
  unregister(hooks: unknown[], callback: unknown): boolean | undefined
}

interface Processor {
  _hooks: Hook[]
  middleware(this: { ctx: Context }, middleware: Middleware, options?: unknown): () => boolean
}

/**
 * Handles middleware that throws. Koishi would log the text of the message and end the chain silently, so that the user
 * gets no reply and later middleware does not run.
 * @param report called with the exception and the plugin of the middleware
 * @param failureNotice the notice for the user; `undefined` if the bot is not addressed
 * @returns a function that reverts this
 */
export function isolateMiddleware(
  app: Context,
  report: (error: unknown, what: string, plugin: string) => void,
  failureNotice: (session: Session) => string | undefined,
) {
  const processor = (app as unknown as { $processor: Processor }).$processor

  // Without async functions, whose frames would be kept while the message waits for its answer.
  const isolate = (middleware: Middleware, ctx: Context): Middleware => (session, next) => {
    let rest: ReturnType<Next> | undefined
    const failed = (error: unknown) => {
      if (error instanceof SessionError) throw error
      report(error, 'middleware', pluginOf(ctx))
      // The reply of later middleware is kept.
      return rest ?? failureNotice(session)
    }
    try {
      const result = middleware(session, callback => rest = next(callback))
      return Promise.resolve(result).then(undefined, failed)
    } catch (error) {
      return failed(error)
    }
  }

  const { middleware } = processor
  const { lifecycle } = app as unknown as { lifecycle: Lifecycle }
  const { unregister } = lifecycle
  processor.middleware = function(callback, options) {
    return middleware.call(this, isolate(callback, this.ctx), options)
  }
  const replaced = processor._hooks.map((hook): [Hook, Middleware] => [hook, hook.callback])
  for (const [hook, callback] of replaced) hook.callback = isolate(callback, hook.ctx)
  // Koishi finds the middleware of an unloaded plugin by its function, which was replaced for plugins loaded before.
  lifecycle.unregister = function(hooks, callback) {
    const [hook] = replaced.find(([hook, original]) => original === callback && hooks.includes(hook)) ?? []
    return unregister.call(this, hooks, hook?.callback ?? callback)
  }
  return () => {
    processor.middleware = middleware
    lifecycle.unregister = unregister
    for (const [hook, callback] of replaced) hook.callback = callback
  }
}
