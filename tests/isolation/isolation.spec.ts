import assert from 'node:assert/strict'
import FakeTimers from '@sinonjs/fake-timers'
import memory from '@koishijs/plugin-database-memory'
import mock from '@koishijs/plugin-mock'
import { until } from 'common/testing'
import { Context, Logger, SessionError } from 'koishi'
import type { Plugin, Session } from 'koishi'
import * as isolation from '../../bin/instance/isolation'

const FAILURE_NOTICE = 'Sorry, an error occurred while handling this message. Please try again later or contact the administrator.'

describe('isolation of failures', () => {
  let app: Context
  let lines: string[]
  const target: Logger.Target = {
    record: ({ name, type, content }) => { if (type === 'warn') lines.push(`${name} ${content}`) },
  }

  async function start(plugin: (ctx: Context) => void, withDatabase = false) {
    app = new Context({ i18n: { locales: ['en-US'] } })
    app.plugin(mock as Plugin, {})
    if (withDatabase) app.plugin(memory)
    app.plugin(isolation)
    app.plugin({ name: 'other', apply: plugin })
    await app.start()
    return { direct: app.mock.client('123'), group: app.mock.client('123', '456') }
  }

  beforeEach(() => {
    lines = []
    Logger.targets.push(target)
  })
  afterEach(async () => {
    await app.stop()
    Logger.targets.splice(Logger.targets.indexOf(target), 1)
  })

  const broken = (ctx: Context) => {
    ctx.middleware(() => {
      throw new Error('broken')
    })
  }
  const answer = (ctx: Context) => ctx.middleware(session => `answer to ${session.content}`)

  describe('middleware that throws', () => {
    for (const [name, fail] of [
      ['synchronously', () => { throw new Error('broken') }],
      ['asynchronously', async () => { throw new Error('broken') }],
    ] as const) {
      it(`${name} produces a notice for the user and a log entry without the message`, async () => {
        const { direct } = await start((ctx) => { ctx.middleware(fail) })
        assert.deepEqual(await direct.receive('secret words'), [FAILURE_NOTICE])
        assert.match(lines[0], /^app plugin other: middleware failed/)
        assert.match(lines[1], /Error: broken/)
        assert.doesNotMatch(lines.join(), /secret words/)
      })
    }

    it('of a plugin that was loaded before the isolation ends with the plugin', async () => {
      app = new Context()
      app.plugin(mock as Plugin, {})
      const fork = app.plugin({ name: 'early', apply: ctx => void ctx.middleware(() => 'early') })
      app.plugin(isolation)
      app.plugin({ name: 'late', apply: ctx => void ctx.middleware(() => 'late') })
      await app.start()
      const direct = app.mock.client('123')
      assert.deepEqual(await direct.receive('hello'), ['early'])
      fork.dispose()
      assert.deepEqual(await direct.receive('hello'), ['late'])
    })

    it('produces no notice in a group if the bot is not addressed', async () => {
      const { group } = await start(broken)
      assert.deepEqual(await group.receive('hello'), [])
      assert.deepEqual(await group.receive('<at id="514"/> hello'), [FAILURE_NOTICE])
    })

    it('keeps the reply of later middleware', async () => {
      const { direct } = await start((ctx) => {
        ctx.middleware(async (_, next) => {
          await next()
          throw new Error('broken')
        })
        answer(ctx)
      })
      assert.deepEqual(await direct.receive('hello'), ['answer to hello'])
    })

    it('keeps the text of a SessionError as the reply', async () => {
      const { direct } = await start((ctx) => {
        ctx.i18n.define('en-US', { mine: 'of my own' })
        ctx.middleware(() => { throw new SessionError('mine') })
      })
      assert.deepEqual(await direct.receive('hello'), ['of my own'])
      assert.deepEqual(lines, [])
    })

    it('is logged once a minute', async () => {
      const { direct } = await start(broken)
      for (let count = 0; count < 20; count++) await direct.receive('hello')
      assert.equal(lines.filter(line => line.includes('middleware failed')).length, 1)
    })
  })

  it('a listener that throws affects neither the message nor other listeners', async () => {
    const heard: string[] = []
    const { direct } = await start((ctx) => {
      ctx.on('message', () => { throw new Error('broken') })
      ctx.on('message', (session: Session) => void heard.push(session.content!))
      answer(ctx)
    })
    assert.deepEqual(await direct.receive('hello'), ['answer to hello'])
    assert.deepEqual(heard, ['hello'])
    assert.match(lines[0], /^app plugin other: the listener of message failed/)
  })

  describe('a failing database', () => {
    const failing = ['get', 'set', 'create', 'upsert'] as const

    function breakDatabase(task: () => Promise<never>) {
      const database = app.database as unknown as Record<string, unknown>
      for (const name of failing) Object.defineProperty(database, name, { configurable: true, value: task })
    }

    it('lowers the authority to that of a new user, and does not prevent the reply', async () => {
      const { direct, group } = await start((ctx) => {
        ctx.command('secret', { authority: 3 }).action(() => 'for operators')
        answer(ctx)
      }, true)
      await app.mock.initUser('123', 4)
      assert.deepEqual(await direct.receive('secret'), ['for operators'])
      breakDatabase(() => Promise.reject(new Error('SQLITE_FULL: secret words')))
      assert.deepEqual(await direct.receive('hello'), ['answer to hello'])
      assert.deepEqual(await group.receive('<at id="514"/> hello'), ['answer to <at id="514"/> hello'])
      assert.notDeepEqual(await direct.receive('secret'), ['for operators'])
      assert.match(lines.join('\n'), /could not look up the user in the database/)
    })

    it('is given up after five seconds without a response', async () => {
      const { direct } = await start(answer, true)
      const clock = FakeTimers.install({ toFake: ['setTimeout', 'clearTimeout'] })
      try {
        breakDatabase(() => new Promise<never>(() => {}))
        const received = direct.receive('hello')
        for (let count = 0; count < 4; count++) await clock.tickAsync(5000)
        assert.deepEqual(await received, ['answer to hello'])
      } finally {
        clock.uninstall()
      }
    })

    it('ends the middleware chain as usual if changes cannot be saved', async () => {
      let ended = 0
      const { direct } = await start((ctx) => {
        ctx.middleware(async (session) => {
          const user = await (session as Session<'authority'>).observeUser(['authority'])
          user.authority = 2
          breakDatabase(() => Promise.reject(new Error('read-only')))
          return 'changed'
        })
        ctx.on('middleware', () => void ended++)
      }, true)
      assert.deepEqual(await direct.receive('hello'), ['changed'])
      await until(() => ended)
      assert.equal(ended, 1)
      assert.match(lines.join('\n'), /could not save the user in the database \(read-only\)/)
    })
  })

  it('restores Koishi when it is disposed', async () => {
    const { direct } = await start(() => {})
    app.registry.delete(isolation)
    app.plugin(broken)
    assert.deepEqual(await direct.receive('hello'), [])
  })
})
