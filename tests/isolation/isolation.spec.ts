import assert from 'node:assert/strict'
import FakeTimers from '@sinonjs/fake-timers'
import memory from '@koishijs/plugin-database-memory'
import mock from '@koishijs/plugin-mock'
import { Context, Logger, SessionError } from 'koishi'
import type { Plugin, Session } from 'koishi'
import * as isolation from '../../bin/instance/isolation'

const APOLOGY = 'Sorry, this message could not be handled. Please try again later or tell the administrator.'

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

  describe('a middleware that throws', () => {
    for (const [name, fail] of [
      ['at once', () => { throw new Error('broken') }],
      ['later', async () => { throw new Error('broken') }],
    ] as const) {
      it(`${name} leaves a sentence for the person and a line without the message for the operator`, async () => {
        const { direct } = await start((ctx) => { ctx.middleware(fail) })
        assert.deepEqual(await direct.receive('secret words'), [APOLOGY])
        assert.match(lines[0], /^app plugin other: middleware failed/)
        assert.match(lines[1], /Error: broken/)
        assert.doesNotMatch(lines.join(), /secret words/)
      })
    }

    it('says nothing in a group to people who did not address the bot', async () => {
      const { group } = await start(broken)
      assert.deepEqual(await group.receive('hello'), [])
      assert.deepEqual(await group.receive('<at id="514"/> hello'), [APOLOGY])
    })

    it('does not lose what the middleware behind it has answered', async () => {
      const { direct } = await start((ctx) => {
        ctx.middleware(async (_, next) => {
          await next()
          throw new Error('broken')
        })
        answer(ctx)
      })
      assert.deepEqual(await direct.receive('hello'), ['answer to hello'])
    })

    it('still answers with the text of a SessionError', async () => {
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

  it('a listener that throws stops neither the message nor the other listeners', async () => {
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

  describe('a database that fails', () => {
    const failing = ['get', 'set', 'create', 'upsert'] as const

    function breakDatabase(task: () => Promise<never>) {
      const database = app.database as unknown as Record<string, unknown>
      for (const name of failing) Object.defineProperty(database, name, { configurable: true, value: task })
    }

    it('costs the rights, not the answer', async () => {
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
      assert.match(lines.join('\n'), /the database failed to look up the person/)
    })

    it('answers after five seconds where it does not answer at all', async () => {
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

    it('ends the chain as usual when changes cannot be saved', async () => {
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
      await new Promise(resolve => setTimeout(resolve, 20))
      assert.equal(ended, 1)
      assert.match(lines.join('\n'), /the database failed to save the person \(read-only\)/)
    })
  })

  it('leaves Koishi as it was when it is unloaded', async () => {
    const { direct } = await start(() => {})
    app.registry.delete(isolation)
    app.plugin(broken)
    assert.deepEqual(await direct.receive('hello'), [])
  })
})
