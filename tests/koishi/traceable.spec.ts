import assert from 'node:assert/strict'
import { Context, Logger, Service, h } from 'koishi'
import { Service as CordisService, symbols } from 'cordis'
import mock from '@koishijs/plugin-mock'
import { speedUpServiceAccess } from '../../bin/instance/koishi/service-access'

class Shelf extends Service {
  /** Traced itself, as a value of the service. */
  readonly label = { text: 'label', [CordisService.tracker]: { property: 'ctx' }, ctx: undefined as Context | undefined }
  readonly plain = { books: 3 }
  count = 0
  onAdd?: (count: number) => unknown

  constructor(ctx: Context) {
    super(ctx, 'shelf', true)
    this.label.ctx = ctx
    ctx.mixin('shelf', ['addThree'])
  }

  get owner() {
    return this.ctx.scope.uid
  }

  set owner(value) {
    this.count += value ?? 0
  }

  get both() {
    return [this.owner, this.count]
  }

  add(step = 1) {
    this.count += step
    this.onAdd?.(this.count)
    return this
  }

  addThree() {
    return this.add().add(2).count
  }

  reader() {
    return this.ctx.scope.uid
  }

  deep(levels = 3): unknown[] {
    return levels ? [this.owner, this.shadow(), ...this.deep(levels - 1)] : [this.reader()]
  }

  shadow() {
    return (this.ctx as unknown as Record<symbol, Context | undefined>)[symbols.shadow]?.scope.uid
  }

  each(callback: (...args: unknown[]) => unknown) {
    return [callback(this, this.plain, 'text'), callback.toString().length > 0, callback]
  }

  async later() {
    await Promise.resolve()
    return this.reader()
  }

  create(Type: new (shelf: unknown) => object) {
    return new Type(this)
  }
}

class Caller extends Service {
  constructor(ctx: Context) {
    super(ctx, 'caller', true)
  }

  [CordisService.invoke](text: string) {
    return `${text} of ${this.ctx.scope.uid}`
  }
}

declare module 'koishi' {
  interface Context {
    shelf: Shelf
    caller: Caller & ((text: string) => string)
    addThree(): number
  }

  interface Events {
    traceable(shelf: Shelf): void
  }
}

type Look = (ctx: Context) => unknown

/** What a plugin can do with a service and what it gets. */
const looks: Record<string, Look> = {
  'a field': ctx => ctx.shelf.count,
  'a field that is set': ctx => (ctx.shelf.count = 10, ctx.shelf.count),
  'a getter': ctx => ctx.shelf.owner === ctx.scope.uid,
  'a getter of getters': ctx => ctx.shelf.both.map(value => value === ctx.scope.uid),
  'a setter': ctx => (ctx.shelf.owner = 5, ctx.shelf.count),
  'the context': ctx => ctx.shelf['ctx'] === ctx,
  'a context that is set': ctx => Reflect.set(ctx.shelf, 'ctx', ctx.root),
  'a field of that name as symbol': ctx => Reflect.get(ctx.shelf, Symbol.toStringTag) as unknown,
  'a symbol that is set': ctx => Reflect.set(ctx.shelf, Symbol.for('traceable.spec'), 1),
  'the service itself': ctx => {
    const { [symbols.original]: original } = ctx.shelf as unknown as Record<symbol, Shelf>
    return [original === ctx.shelf, original instanceof Shelf, Reflect.set(ctx.shelf, symbols.original, 1)]
  },
  keys: ctx => [Object.keys(ctx.shelf).sort(), 'count' in ctx.shelf, ctx.shelf instanceof Shelf],
  'a method': ctx => ctx.shelf.reader() === ctx.scope.uid,
  'a method that returns the service': ctx => ctx.shelf.add().add().reader() === ctx.scope.uid,
  'a method of another receiver': ctx => ctx.shelf.reader.call({ ctx: { scope: { uid: 'other' } } } as never),
  'a method that is replaced': (ctx) => {
    const before = ctx.shelf.addThree()
    Object.assign(ctx.shelf, { addThree: () => 'replaced' })
    const replaced = ctx.shelf.addThree()
    delete (ctx.shelf as Partial<Shelf>).addThree
    return [before, replaced, ctx.shelf.addThree()]
  },
  'a promise': ctx => ctx.shelf.later().then(uid => uid === ctx.scope.uid),
  'whose service it is': ctx => ctx.shelf.shadow() === ctx.root.shelf.shadow(),
  'a callback': (ctx) => {
    const callback = function(this: unknown, shelf: unknown, plain: unknown, text: unknown) {
      return [(shelf as Shelf).reader() === ctx.scope.uid, plain === ctx.shelf.plain, text, typeof this]
    }
    const [result, hasText, given] = ctx.shelf.each(callback as never)
    return [result, hasText, given === callback, (given as Record<symbol, unknown>)[symbols.original] === callback]
  },
  'a class': ctx => {
    class Reader { constructor(readonly shelf: Shelf) {} }
    return (ctx.shelf.create(Reader as never) as Reader).shelf.reader() === ctx.scope.uid
  },
  'a plain value': ctx => ctx.shelf.plain === ctx.shelf.plain,
  'a traced value': ctx => [ctx.shelf.label.text, ctx.shelf.label.ctx === ctx],
  'a mixin': ctx => ctx.addThree(),
  'a listener set by a plugin': (ctx) => {
    const seen: number[] = []
    ctx.shelf.onAdd = count => seen.push(count)
    ctx.shelf.add()
    ctx.shelf.onAdd = undefined
    return seen
  },
  'a service that is called': ctx => ctx.caller('text') === `text of ${ctx.scope.uid}`,
  'a traced service that is traced again': (ctx) => {
    const inner = ctx.root.reflect.trace(ctx.shelf) as Shelf
    return [inner.reader() === ctx.scope.uid, inner.count, inner.both.length, inner['ctx'] === ctx.root]
  },
  'methods that call each other': ctx => ctx.shelf.deep().map(uid => uid === ctx.scope.uid),
  'methods of a traced service that call each other': (ctx) => {
    const inner = ctx.root.reflect.trace(ctx.shelf) as Shelf
    return [1, 2].map(() => inner.deep().map(uid => uid === ctx.scope.uid))
  },
  'methods of objects that inherit from it': (ctx) => {
    const heirs = [1, 2].map(count => Object.assign(Object.create(ctx.shelf) as Shelf, { count }))
    return [...heirs, ...heirs].map(heir => [heir.deep().map(uid => uid === ctx.scope.uid), heir.add().count])
  },
  'an object that inherits from it': (ctx) => {
    const heir = Object.create(ctx.shelf) as Shelf
    heir.count = 7
    return [heir.reader() === ctx.scope.uid, heir.count, ctx.shelf.count, Object.keys(heir)]
  },
  'a context of its own': ctx => ctx.extend({}).shelf.reader() === ctx.scope.uid,
  'an event with the service': (ctx) => {
    const seen: unknown[] = []
    const dispose = ctx.on('traceable', function(this: unknown, shelf) {
      seen.push(shelf.reader() === ctx.scope.uid, (this as Shelf).reader() === ctx.scope.uid)
    })
    ctx.root.emit(ctx.root.shelf as never, 'traceable', ctx.root.shelf)
    dispose()
    return seen
  },
  'a function of the context': ctx => [typeof ctx.on, ctx.on.name, typeof ctx.extend, ctx.reflect['ctx'] === ctx],
}

async function observe(): Promise<Record<string, unknown>> {
  const app = new Context()
  app.plugin(Shelf)
  app.plugin(Caller)
  await app.start()
  const seen: Record<string, unknown> = {}
  const contexts: [string, Context][] = [['root', app]]
  app.plugin({ name: 'first', inject: ['shelf', 'caller'], apply: (ctx: Context) => {
    contexts.push(['plugin', ctx])
    ctx.plugin({ name: 'second', inject: ['shelf', 'caller'], apply: ctx => void contexts.push(['inner plugin', ctx]) })
  } })
  await app.lifecycle.flush()
  for (const [who, ctx] of contexts) {
    for (const [what, look] of Object.entries(looks)) {
      for (const round of [1, 2]) {
        seen[`${what}, ${who}, ${round}`] = await Promise.resolve().then(() => look(ctx)).catch(String)
      }
    }
  }
  await app.stop()
  return seen
}

/** What middleware, commands and events see of a session. */
async function converse(): Promise<unknown[]> {
  const app = new Context()
  const seen: unknown[] = []
  app.plugin(mock as never)
  app.plugin({ name: 'reader', apply: (ctx: Context) => {
    ctx.middleware((session, next) => {
      seen.push(session.content, session.userId, session.event.type, session.bot.selfId, session.isDirect)
      seen.push(session.app === app, session.bot.ctx === ctx || session.bot['ctx'].scope.uid, session.type)
      session.content += '!'
      return next(() => session.content)
    })
    ctx.command('read <text>').action(({ session }, text) => h.text(`${session!.username} ${session!.stripped.content} ${text}`))
    ctx.on('message', session => void seen.push(session.content, session.toJSON().type))
    ctx.on('before-send', session => void seen.push(session.content))
  } })
  await app.start()
  const client = (app as unknown as { mock: { client(id: string): { receive(text: string): Promise<string[]> } } }).mock.client('1')
  seen.push(await client.receive('hello'), await client.receive('read text'))
  await app.stop()
  return seen
}

describe('services and sessions that plugins see', () => {
  // Koishi's mock logs an error of its own when it stops.
  const { levels } = Logger
  before(() => { Logger.levels = { base: Logger.SILENT } as never })
  after(() => { Logger.levels = levels })

  const withSpeed = async <T>(run: () => Promise<T>) => {
    const undo = speedUpServiceAccess()
    assert.ok(undo, 'cordis has a version that this was not compared with')
    return run().finally(undo)
  }

  it('are what cordis makes of them', async () => {
    const expected = await observe()
    const actual = await withSpeed(observe)
    assert.deepEqual(actual, expected)
    assert.equal(actual['a method, inner plugin, 2'], true)
    assert.deepEqual(actual['a callback, plugin, 1'], [[true, true, 'text', 'object'], true, false, true])
  })

  it('answer messages alike', async () => {
    const expected = await converse()
    assert.deepEqual(await withSpeed(converse), expected)
    assert.ok(expected.includes('hello!'))
  })

  it('are the same object each time a plugin reads them', async () => {
    const app = new Context()
    app.plugin(Shelf)
    await app.start()
    await withSpeed(async () => {
      const { shelf } = app
      assert.equal(app.shelf, shelf)
      assert.equal(shelf.reader, app.shelf.reader)
      assert.notEqual(app.extend({}).shelf, shelf, 'another context gets one of its own')
      const [heir, other] = [Object.create(shelf) as Shelf, Object.create(shelf) as Shelf]
      assert.equal(heir.reader, heir.reader)
      assert.notEqual(heir.reader, other.reader, 'another object gets methods of its own')
    })
    await app.stop()
  })
})
