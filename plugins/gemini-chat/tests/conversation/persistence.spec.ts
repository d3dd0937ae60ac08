import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sqlite from '@koishijs/plugin-database-sqlite'
import { install } from '@sinonjs/fake-timers'
import type { Context } from 'koishi'
import { createApp, EditingBot } from '../support/app'
import type { AppOptions, TestApp } from '../support/app'
import { settle } from 'common/testing'
import { gate, piece, says } from '../support/engine'

describe('a conversation in a database', () => {
  let folder: string
  let test: TestApp

  const start = async (options?: AppOptions) => {
    test = await createApp({
      ...options,
      prepare: (app: Context) => void app.plugin(sqlite as never, { path: join(folder, 'koishi.db') }),
    })
    while (!test.app.get('database')) await settle()
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gemini-chat-'))
    await start()
  })

  afterEach(async () => {
    await test.close()
    await rm(folder, { recursive: true })
  })

  it('continues after a restart', async () => {
    await test.client('alice').receive('one')
    await test.close()
    await start()
    await test.client('alice').receive('two')
    assert.deepEqual(test.engine.requests[0].contents.map(({ parts }) => parts[0].text), ['one', 'echo: one', 'two'])
  })

  describe('when Koishi exits', () => {
    const remembered = async () => {
      await test.close()
      await start()
      await test.client('alice').receive('go on')
      return test.engine.requests[0].contents.map(({ parts }) => parts[0].text)
    }

    beforeEach(async () => {
      await test.close()
      await start({ bot: EditingBot })
    })

    it('stores answers that end within the grace time', async () => {
      const late = gate()
      test.engine.respond([...piece('half, '), late, ...says('and all')])
      const done = test.client('alice').receive('one')
      await settle()
      const exit = test.app.parallel('exit', 'SIGTERM')
      late.open()
      await Promise.all([exit, done])
      assert.deepEqual(await remembered(), ['one', 'half, and all', 'go on'])
    })

    it('stops no question that arrives while it waits for earlier ones', async () => {
      const [early, late] = [gate(), gate()]
      test.engine.respond([...piece('half, '), early, ...says('and all')], [...piece('then, '), late, ...says('the rest')])
      const first = test.client('bob').receive('zero')
      await settle()
      const exit = test.app.parallel('exit', 'SIGTERM')
      const second = test.client('alice').receive('one')
      await settle()
      early.open()
      await first
      await settle()
      late.open()
      await Promise.all([exit, second])
      assert.deepEqual(await remembered(), ['one', 'then, the rest', 'go on'])
    })

    it('answers a question whole that an adapter hands over when all others have ended', async () => {
      await test.app.parallel('exit', 'SIGTERM')
      const late = gate()
      test.engine.respond([...piece('half, '), late, ...says('and all')])
      const done = test.client('alice').receive('one')
      await settle()
      late.open()
      await done
      assert.deepEqual(await remembered(), ['one', 'half, and all', 'go on'])
    })

    it('stores the text of answers that do not', async () => {
      const clock = install({ toFake: ['setTimeout', 'clearTimeout'], shouldClearNativeTimers: true })
      try {
        test.engine.respond([...piece('half'), gate(), ...says('never')])
        const done = test.client('alice').receive('one')
        await settle()
        const exit = test.app.parallel('exit', 'SIGTERM')
        await clock.tickAsync(5900)
        assert.equal(test.engine.running, 1)
        await clock.tickAsync(200)
        await Promise.all([exit, done])
      } finally {
        clock.uninstall()
      }
      assert.deepEqual(await remembered(), ['one', 'half', 'go on'])
    })
  })

  it('keeps no more rows than fit into the budget', async () => {
    await test.close()
    test = await createApp({
      config: { historyTokens: 20 },
      prepare: (app: Context) => void app.plugin(sqlite as never, { path: join(folder, 'koishi.db') }),
    })
    while (!test.app.get('database')) await settle()
    for (let index = 0; index < 10; index++) await test.client('alice').receive(`question ${index}`)
    const rows = await test.app.database.get('gemini_turn', {})
    assert.ok(rows.length > 1 && rows.length < 5, String(rows.length))
  })

  it('answers while the database fails, with one line in the log', async () => {
    await test.client('alice').receive('one')
    const { database } = test.app
    const { get, create } = database
    const breaking = (method: (...args: never[]) => unknown) => (...args: [string, ...never[]]) => {
      if (args[0] === 'gemini_turn') return Promise.reject(new Error('disk full'))
      return method.apply(database, args as never)
    }
    Object.assign(database, { get: breaking(get as never), create: breaking(create as never) })
    try {
      await test.client('alice').shouldReply('two', 'echo: two')
      await test.client('alice').shouldReply('three', 'echo: three')
      assert.deepEqual(test.warnings, ['could not access the conversation history in the database: disk full'])
    } finally {
      Object.assign(database, { get, create })
    }
  })

  it('reports a reset that failed', async () => {
    await test.client('alice').receive('one')
    const { database } = test.app
    const { remove } = database
    database.remove = () => Promise.reject(new Error('disk full'))
    try {
      await test.client('alice').shouldReply('gemini.reset', /暂时改不了/)
      assert.deepEqual(test.warnings, ['could not change the conversation history: disk full'])
    } finally {
      database.remove = remove
    }
  })
})
