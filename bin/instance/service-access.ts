import type { Context } from 'koishi'
import { ReflectService, symbols } from 'cordis'
import { version } from 'cordis/package.json'

/** The release whose handler is replaced. Another may do more in it. */
const KNOWN_VERSION = '3.18.1'

interface Handler {
  get(target: object, prop: string | symbol, ctx: Context): unknown
}

/**
 * Makes reading a service from a context cheaper. Each time, cordis creates the error of a warning, with its stack, and
 * asks by an event whether the plugin has declared the service; together that is most of the cost. Here cordis is only
 * asked where the answer is not yet known, or was that a warning is due. What a plugin has declared does not change
 * while it runs, so the answer is kept with its scope. Behaviour is the same.
 * @returns a function that reverts this, or `undefined` where cordis has another version and nothing was done
 */
export function speedUpServiceAccess(installed: string = version): (() => void) | undefined {
  if (installed !== KNOWN_VERSION) return
  const handler = ReflectService.handler as unknown as Handler
  const { get } = handler
  const declared = new WeakMap<object, Set<string>>()

  function isDeclared(ctx: Context, name: string): boolean {
    const reader = (symbolOf(ctx, symbols.shadow) as Context | undefined) ?? ctx
    const { scope } = reader
    const names = declared.get(scope)
    if (names?.has(name)) return true
    if (reader.runtime.plugin) {
      const bail = reader.bail as (thisArg: Context, event: string, name: string) => unknown
      if (!bail(reader, 'internal/inject', name)) return false
    }
    if (names) names.add(name)
    else declared.set(scope, new Set([name]))
    return true
  }

  handler.get = (target, prop, ctx) => {
    if (typeof prop !== 'string' || Reflect.has(target, prop)) return get(target, prop, ctx)
    const [name, internal] = ReflectService.resolveInject(target as never, prop)
    if (internal?.type === 'accessor') return internal.get.call(ctx, symbolOf(ctx, symbols.receiver))
    if (!internal || (!internal.builtin && !isDeclared(ctx, name))) {
      // Created here because cordis takes the first line off its stack.
      const warning = `property ${name} is not registered, declare it as \`inject\` to suppress this warning`
      ReflectService.checkInject(ctx, name, new Error(warning))
    }
    return internal ? ctx.reflect.get(name) : Reflect.get(target, name, ctx)
  }
  return () => { handler.get = get }
}

function symbolOf(ctx: Context, symbol: symbol): unknown {
  return (ctx as unknown as Record<symbol, unknown>)[symbol]
}
