import type { Context } from 'koishi'
import { symbols } from 'cordis'

const { internal, invoke, original, receiver: receiverKey, shadow: shadowKey, tracker: trackerKey } = symbols

interface Tracker {
  /** The service whose members other plugins may add, as `<associate>.<member>`. */
  associate?: string
  /** The property that holds the context. */
  property?: string
}

type Call = (...args: unknown[]) => unknown
type Key = string | symbol

const read = (target: object, key: Key): unknown => (target as Record<Key, unknown>)[key]

/**
 * The object as a plugin sees it: with the context of that plugin. Does what `getTraceable` of cordis does, which
 * creates two proxies, a context and two functions each time a property is read: half of all proxies of a message
 * came from reading plain fields of sessions. Here they are created when they are needed, and once.
 * @param noTrap whether methods are left as they are
 * @param isKept whether the result is kept, so that it may keep what it creates
 */
export function traceable(ctx: Context, value: unknown, noTrap = false, isKept = false): unknown {
  const tracker = trackerOf(value)
  if (tracker === undefined) return value
  if (tracker === null) return Object.getPrototypeOf(value)
  return new Traceable(unshadowed(ctx), value as object, tracker, noTrap, isKept).proxy
}

const kept = new WeakMap<Context, WeakMap<object, unknown>>()

/** As `traceable`, for services: the result is kept for as long as the context and the service exist. */
export function traceableService(ctx: Context, value: unknown, noTrap = false): unknown {
  if (!trackerOf(value)) return traceable(ctx, value, noTrap)
  let services = kept.get(ctx)
  if (!services) kept.set(ctx, services = new WeakMap())
  let proxy = services.get(value as object)
  if (!proxy) services.set(value as object, proxy = traceable(ctx, value, noTrap, true))
  return proxy
}

/** @returns `null` for a context that stands for another one, `undefined` for what is not traced */
function trackerOf(value: unknown): Tracker | undefined | null {
  if (!value || (typeof value !== 'object' && typeof value !== 'function')) return undefined
  if (Object.hasOwn(value, shadowKey)) return null
  return (read(value, trackerKey) as Tracker | undefined) || undefined
}

/** The context that a plugin reads services from, without the note of whose service it is. */
export function unshadowed(ctx: Context): Context {
  return read(ctx, shadowKey) ? Object.getPrototypeOf(ctx) as Context : ctx
}

class Traceable implements ProxyHandler<object> {
  readonly proxy: object
  private shadow?: Shadow
  /** Those of receivers that stand for this object elsewhere: a service that another plugin reads through its own. */
  private readonly foreign?: WeakMap<object, Shadow>
  private added?: object

  constructor(
    readonly ctx: Context,
    value: object,
    private readonly tracker: Tracker,
    private readonly noTrap: boolean,
    isKept: boolean,
  ) {
    this.proxy = new Proxy(value, this)
    if (isKept) this.foreign = new WeakMap()
  }

  get(target: object, key: Key, receiver: object): unknown {
    if (key === original) return target
    if (key === this.tracker.property) return this.ctx
    if (typeof key === 'symbol') return Reflect.get(target, key, receiver)
    if (this.isAdded(key)) {
      return Reflect.get(this.ctx, `${this.tracker.associate}.${key}`, this.withReceiver(receiver))
    }
    if (receiver !== this.proxy && receiver !== this.shadow?.proxy) {
      const own: unknown = Reflect.getOwnPropertyDescriptor(target, key)?.value
      if (own !== undefined && own !== null && typeof own !== 'function' && !trackerOf(own)) return own
    }
    const shadow = this.shadowOf(target, receiver)
    const value: unknown = Reflect.get(target, key, shadow?.proxy ?? receiver)
    if (value === null || value === undefined) return value
    if (typeof value !== 'object' && typeof value !== 'function') return value
    const tracker = read(value, trackerKey) as Tracker | undefined
    if (tracker) return new Traceable(unshadowed(this.ctx), value, tracker, false, false).proxy
    if (typeof value !== 'function' || this.noTrap) return value
    return this.methodOf(key, value as Call, receiver, shadow)
  }

  set(target: object, key: Key, value: unknown, receiver: object): boolean {
    if (key === original || key === this.tracker.property) return false
    if (typeof key === 'symbol') return Reflect.set(target, key, value, receiver)
    if (this.isAdded(key)) {
      return Reflect.set(this.ctx, `${this.tracker.associate}.${key}`, value, this.withReceiver(receiver))
    }
    return Reflect.set(target, key, value, this.shadowOf(target, receiver)?.proxy ?? receiver)
  }

  apply(target: object, thisArg: unknown, args: unknown[]): unknown {
    const invoked = read(target, invoke) as Call | undefined
    return invoked ? invoked.apply(this.proxy, args) : Reflect.apply(target as Call, thisArg, args)
  }

  private isAdded(key: string): boolean {
    const { associate } = this.tracker
    if (!associate) return false
    this.added ??= read(this.ctx, internal) as object
    return !!read(this.added, `${associate}.${key}`)
  }

  private withReceiver(receiver: object): object {
    return withProp(this.ctx, receiverKey, receiver)
  }

  /**
   * What getters and methods get as `this`: their context also tells whose service they belong to.
   * @returns `undefined` without a context: then they get the receiver
   */
  private shadowOf(target: object, receiver: object): Shadow | undefined {
    const { property } = this.tracker
    if (!property) return
    const origin = Reflect.getOwnPropertyDescriptor(target, property)?.value as Context | undefined
    if (!origin) return
    const isOwn = receiver === this.proxy || receiver === this.shadow?.proxy
    const known = isOwn ? this.shadow : this.foreign?.get(receiver)
    if (known?.origin === origin) return known
    const shadow: Shadow = { origin, proxy: withProp(receiver, property, this.ctx.extend({ [shadowKey]: origin })) }
    if (receiver === this.proxy) this.shadow = shadow
    else if (!isOwn) this.foreign?.set(receiver, shadow)
    return shadow
  }

  private methodOf(key: string, source: Call, receiver: object, shadow?: Shadow): unknown {
    const create = () => new Proxy(source, new Method(this.ctx, receiver, shadow?.proxy ?? receiver))
    // The shadow of another receiver is used once, unless it is kept.
    if (!shadow || (shadow !== this.shadow && !this.foreign)) return create()
    // Within a method of the same service, `this` is its shadow already.
    const name = receiver === shadow.proxy ? `this.${key}` : key
    const known = shadow.methods?.get(name)
    if (known?.source === source) return known.method
    const method: unknown = create()
    shadow.methods ??= new Map()
    shadow.methods.set(name, { source, method })
    return method
  }
}

interface Shadow {
  origin: Context
  proxy: object
  methods?: Map<string, { source: Call, method: unknown }>
}

class Method implements ProxyHandler<Call> {
  constructor(private readonly ctx: Context, private readonly outer: object, private readonly shadow: object) {}

  apply(target: Call, thisArg: unknown, args: unknown[]): unknown {
    const self = thisArg === this.outer ? this.shadow : thisArg
    const traced = args.some(isPlainFunction)
      ? args.map(arg => isPlainFunction(arg) ? new Proxy(arg, new Callback(this.ctx)) : arg)
      : args
    return traceable(this.ctx, Reflect.apply(target, self, traced))
  }
}

class Callback implements ProxyHandler<Call> {
  constructor(private readonly ctx: Context) {}

  get(target: Call, key: Key, receiver: unknown): unknown {
    if (key === original) return target
    const value: unknown = Reflect.get(target, key, receiver)
    if (key !== 'toString' || value !== Function.prototype.toString) return value
    return function(this: unknown, ...args: unknown[]): unknown {
      return Reflect.apply(value as Call, this === receiver ? target : this, args)
    }
  }

  apply(target: Call, thisArg: unknown, args: unknown[]): unknown {
    return Reflect.apply(target, traceable(this.ctx, thisArg), args.map(arg => traceable(this.ctx, arg)))
  }

  construct(target: Call, args: unknown[], newTarget: new (...args: unknown[]) => object): object {
    return Reflect.construct(target, args.map(arg => traceable(this.ctx, arg)), newTarget) as object
  }
}

function isPlainFunction(value: unknown): value is Call {
  return typeof value === 'function' && !read(value, original)
}

/** An object with another value for one property. `withProps` of cordis creates two functions for each. */
class WithProp implements ProxyHandler<object> {
  constructor(private readonly key: Key, private readonly value: unknown) {}

  get(target: object, key: Key, receiver: unknown): unknown {
    return key === this.key ? this.value : Reflect.get(target, key, receiver)
  }

  set(target: object, key: Key, value: unknown, receiver: unknown): boolean {
    return key !== this.key && Reflect.set(target, key, value, receiver)
  }
}

function withProp(target: object, key: Key, value: unknown): object {
  return new Proxy(target, new WithProp(key, value))
}
