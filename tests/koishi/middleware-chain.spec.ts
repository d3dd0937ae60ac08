import assert from 'node:assert/strict'
import mock from '@koishijs/plugin-mock'
import { Context, Logger, Next, SessionError, Universal } from 'koishi'
import type { Middleware, Plugin } from 'koishi'
import { slimMiddlewareChain } from '../../bin/instance/koishi/middleware-chain'

const turnOfEventLoop = () => new Promise<void>(resolve => setImmediate(resolve))

/** Middleware of one plugin, in order. Each list is a chain of its own. */
const CHAINS: Record<string, Middleware[]> = {
  'no middleware': [],
  'an answer': [() => 'answer'],
  'an answer later': [async () => { await turnOfEventLoop(); return 'answer' }],
  'an answer of the second': [(_, next) => next(), () => 'second'],
  'an answer changed on its way back': [async (_, next) => `[${await next()}]`, async (_, next) => `(${await next()})`, () => 'x'],
  'an answer that is replaced': [async (_, next) => { await next(); return 'first' }, () => 'second'],
  'no answer of the first': [() => {}, () => 'second'],
  'a text for the end of the chain': [(_, next) => next('end')],
  'a function for the end of the chain': [(_, next) => next(async () => 'end'), (_, next) => next()],
  'functions that go on': [
    (_, next) => next(async next => `a${await next!()}`),
    (_, next) => next(async next => `b${await next!(() => 'c')}`),
  ],
  'an empty answer': [() => ''],
  'a thenable': [() => ({ then: (resolve: (value: string) => void) => resolve('thenable') }) as never],
  'what throws': [() => { throw new Error('thrown') }, () => 'second'],
  'what rejects': [async () => { await turnOfEventLoop(); throw new Error('rejected') }],
  'what throws behind another': [async (_, next) => `kept ${await next()}`, () => { throw new Error('thrown') }],
  'what throws no error': [() => { throw 'text' }],
  'an error for the user': [() => { throw new SessionError('internal.low-authority') }],
  'an error for the user, later': [async () => { await turnOfEventLoop(); throw new SessionError(['internal.low-authority']) }],
  'too many functions': [(_, next) => {
    for (let count = 0; count < Next.MAX_DEPTH; count++) void next(() => `${count}`)
    return next(() => 'last')
  }],
  'a chain that is used after its end': [(_, next) => {
    setImmediate(() => void next(() => 'late'))
    return 'answer'
  }],
  'itself as nothing': [function(this: unknown) { return String(this) }],
}

/** What people get, and what plugins and the operator see. */
async function observe() {
  const seen: Record<string, unknown> = {}
  for (const [name, chain] of Object.entries(CHAINS)) {
    const lines: string[] = []
    const target: Logger.Target = {
      record: ({ name, type, content }) => { if (type === 'warn') lines.push(`${name} ${content.split('\n', 2).join('|')}`) },
    }
    const targets = Logger.targets.splice(0, Logger.targets.length, target)
    const app = new Context({ i18n: { locales: ['en-US'] } })
    try {
      app.plugin(mock as Plugin, {})
      app.plugin({ name: 'chain', apply: (ctx: Context) => chain.forEach(each => void ctx.middleware(each)) })
      let ends = 0
      let updates = 0
      app.on('middleware', () => void ends++)
      app.on('attach', (session) => {
        session.user = { $update: async () => void updates++ } as never
      })
      await app.start()
      const client = app.mock.client('123')
      const replies = await client.receive('question')
      await turnOfEventLoop()
      await turnOfEventLoop()
      const [bot] = app.mock.bots
      const channel = { id: 'room', type: Universal.Channel.Type.TEXT }
      bot!.dispatch(bot!.session({ type: 'message', user: { id: bot!.selfId }, channel, message: { content: 'of the bot' } }))
      await turnOfEventLoop()
      const { _sessions: waiting } = (app as unknown as { $processor: { _sessions: object } }).$processor
      seen[name] = { replies, lines, ends, updates, waiting: Object.keys(waiting).length }
    } finally {
      await app.stop()
      Logger.targets.splice(0, 1, ...targets)
    }
  }
  return seen
}

describe('slimMiddlewareChain', function() {
  this.timeout(240_000)

  it('changes nothing that people, plugins or the log see', async () => {
    const before = await observe()
    const undo = slimMiddlewareChain()
    assert.ok(undo, 'Koishi has another version: compare its `_handleMessage`, and name the version')
    try {
      assert.deepEqual(await observe(), before)
    } finally {
      undo()
    }
    assert.deepEqual(await observe(), before)
  })

  it('leaves another version of Koishi as it is', () => {
    assert.equal(slimMiddlewareChain('4.18.12'), undefined)
  })
})
