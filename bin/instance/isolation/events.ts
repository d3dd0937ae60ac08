import type { Context } from 'koishi'

interface Hook {
  ctx: Context
  callback: (...args: unknown[]) => unknown
}

/** The part of Koishi's event system that is used here; its declarations hide it. */
interface Lifecycle {
  _hooks: Record<string, Hook[]>
  filterHooks(hooks: Hook[], thisArg: unknown): Hook[]
  emit(...args: unknown[]): void
  dispatch(type: string, args: unknown[]): Generator<unknown>
}

/**
 * Isolates listeners that throw. In Koishi the exception skips the remaining listeners and propagates to the emitter: a
 * throwing listener of `message` makes an adapter lose the message.
 * @param report called with the exception and the plugin of the listener
 * @returns a function that reverts this
 */
export function isolateListeners(app: Context, report: (error: unknown, what: string, plugin: string) => void) {
  const lifecycle = app.lifecycle as unknown as Lifecycle
  const { dispatch } = lifecycle
  lifecycle.dispatch = function* (type, all) {
    if (type !== 'emit') return yield* dispatch.call(this, type, all)
    const args = [...all]
    const thisArg = ['object', 'function'].includes(typeof args[0]) ? args.shift() : null
    const name = args.shift() as string
    if (name !== 'internal/event') this.emit('internal/event', type, name, args, thisArg)
    for (const hook of this.filterHooks(this._hooks[name] ?? [], thisArg)) {
      let result: unknown
      try {
        result = hook.callback.apply(thisArg, args)
      } catch (error) {
        report(error, `the listener of ${name}`, pluginOf(hook.ctx))
      }
      yield result
    }
  }
  return () => { lifecycle.dispatch = dispatch }
}

/** The name of the plugin that a context belongs to, for the log. */
export function pluginOf(ctx: Context | undefined): string {
  return ctx?.scope?.runtime?.name || 'koishi'
}
