import type { Context } from 'koishi'
import { Lifecycle, ReflectService, symbols } from 'cordis'
import { version } from 'cordis/package.json'
import { traceable, traceableService, unshadowed } from './traceable'

/** The release whose handler is replaced. Another may do more in it. */
const KNOWN_VERSION = '3.18.1'

interface Handler {
  get(target: object, prop: string | symbol, ctx: Context): unknown
}

/** The methods of cordis that hand out services and sessions, each with the context of the plugin that gets them. */
interface Reflection {
  ctx: Context
  get(name: string): unknown
  trace(value: unknown): unknown
}

interface Hook {
  ctx: Context
  global?: boolean
}

interface Events {
  ctx: Context
  filterHooks(hooks: Hook[], thisArg: unknown): Hook[]
}

/**
 * Makes reading a service from a context cheaper, and what is read from services and sessions. Each time, cordis
 * creates the error of a warning, with its stack, and asks by an event whether the plugin has declared the service;
 * together that is most of the cost. Here cordis is only asked where the answer is not yet known, or was that a warning
 * is due. What a plugin has declared does not change while it runs, so the answer is kept with its scope. For the
 * proxies see `traceable.ts`. Behaviour is the same.
 * @returns a function that reverts this, or `undefined` where cordis has another version and nothing was done
 */
export function speedUpServiceAccess(installed: string = version): (() => void) | undefined {
  if (installed !== KNOWN_VERSION) return
  const handler = ReflectService.handler as unknown as Handler
  const { get } = handler
  const reflection = ReflectService.prototype as unknown as Reflection
  const events = Lifecycle.prototype as unknown as Events
  const { get: getService, trace } = reflection
  const { filterHooks } = events
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
    if (typeof prop !== 'string') return Reflect.get(target, prop, ctx) as unknown
    if (Reflect.has(target, prop)) return traceableService(ctx, Reflect.get(target, prop, ctx), true)
    const [name, internal] = ReflectService.resolveInject(target as never, prop)
    if (internal?.type === 'accessor') return internal.get.call(ctx, symbolOf(ctx, symbols.receiver))
    if (!internal || (!internal.builtin && !isDeclared(ctx, name))) {
      // Created here because cordis takes the first line off its stack.
      const warning = `property ${name} is not registered, declare it as \`inject\` to suppress this warning`
      ReflectService.checkInject(ctx, name, new Error(warning))
    }
    return internal ? serviceOf(unshadowed(ctx), name) : Reflect.get(target, name, ctx)
  }
  reflection.get = function(name) {
    return serviceOf(this.ctx, name)
  }
  reflection.trace = function(value) {
    return traceable(this.ctx, value)
  }
  events.filterHooks = function(hooks, thisArg) {
    const self = traceable(this.ctx, thisArg) as Context | null | undefined
    const filter = self && symbolOf(self, symbols.filter) as ((this: unknown, ctx: Context) => boolean) | undefined
    return filter ? hooks.filter(hook => hook.global || filter.call(self, hook.ctx)) : hooks.slice()
  }
  return () => {
    handler.get = get
    Object.assign(reflection, { get: getService, trace })
    events.filterHooks = filterHooks
  }
}

function serviceOf(ctx: Context, name: string): unknown {
  const internal = (symbolOf(ctx, symbols.internal) as Record<string, { type: string }>)[name]
  if (internal?.type !== 'service') return
  const key = (symbolOf(ctx, symbols.isolate) as Record<string, symbol>)[name]!
  const { value } = (symbolOf(ctx, symbols.store) as Record<symbol, { value: unknown } | undefined>)[key] ?? {}
  return traceableService(ctx, value)
}

function symbolOf(ctx: Context, symbol: symbol): unknown {
  return (ctx as unknown as Record<symbol, unknown>)[symbol]
}
