import assert from 'node:assert/strict'
import { Context, Logger, Service } from 'koishi'
import { speedUpServiceAccess } from '../../bin/instance/koishi/service-access'

class Counter extends Service {
  value = 0

  constructor(ctx: Context) {
    super(ctx, 'counter', true)
  }

  get reader() {
    return this.ctx.scope.uid
  }

  increase() {
    return ++this.value
  }
}

declare module 'koishi' {
  interface Context {
    counter: Counter
    tally: Counter
  }
}

/** What plugins see when they read services in all ways there are. */
async function observe() {
  const app = new Context()
  const seen: unknown[] = []
  const warnings: string[] = []
  app.on('internal/warning', (warning: unknown) => {
    const { message, stack = '' } = warning as Error
    warnings.push(`${message} | ${/service-access\.spec\.ts/.test(stack.split('\n')[1] ?? '')}`)
  })
  app.alias('counter', ['tally'])
  app.accessor('answer' as never, { get: () => 42 })
  const fork = app.plugin(Counter)
  const note = (name: string, ctx: Context) => {
    const read = (key: string) => (ctx as unknown as Record<string, unknown>)[key]
    for (let round = 0; round < 3; round++) {
      const counter = read('counter') as Counter | undefined
      seen.push(`${name} counter ${counter?.increase()} ${counter?.reader === ctx.scope.uid}`)
      seen.push(`${name} tally ${(read('tally') as Counter | undefined)?.value}`)
      seen.push(`${name} absent ${read('absent')} $x ${read('$x')} _x ${read('_x')} then ${read('then')}`)
      seen.push(`${name} answer ${read('answer')} model ${!!ctx.model} i18n ${!!ctx.i18n} has ${'counter' in ctx}`)
      seen.push(`${name} get ${(ctx.get('counter') as Counter | undefined)?.value}`)
    }
  }
  let kept!: Context
  app.plugin({ name: 'declares', inject: ['counter'], apply: (ctx: Context) => {
    note('declares', ctx)
    ctx.plugin({ name: 'inside', apply: (ctx: Context) => note('inside', kept = ctx) })
  } })
  app.plugin({ name: 'optional', inject: { counter: { required: false } }, apply: (ctx: Context) => note('optional', ctx) })
  app.plugin({ name: 'undeclared', apply: (ctx: Context) => note('undeclared', ctx) })
  note('root', app)
  note('isolated', app.isolate('counter'))
  await app.start()
  fork.dispose()
  note('without service', kept)
  app.plugin(Counter)
  await app.lifecycle.flush()
  note('with a new service', kept)
  await app.stop()
  return { seen, warnings }
}

describe('reading services', () => {
  const { levels } = Logger
  before(() => { Logger.levels = { ...levels as object, app: Logger.SILENT } as never })
  after(() => { Logger.levels = levels })

  it('is what cordis does, warnings and their stacks included', async () => {
    const before = await observe()
    const undo = speedUpServiceAccess()
    assert.ok(undo, 'cordis has a version that this was not compared with')
    const after = await observe().finally(undo)
    assert.deepEqual(after, before)
    assert.ok(after.warnings.some(line => line.startsWith('property counter is not registered')))
    assert.ok(after.seen.includes('inside counter 6 true'))
  })

  it('is left alone in another version of cordis', () => {
    assert.equal(speedUpServiceAccess('3.18.2'), undefined)
  })
})
