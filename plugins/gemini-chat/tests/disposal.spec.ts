import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import memory from '@koishijs/plugin-database-memory'
import { h } from 'koishi'
import type { Context } from 'koishi'
import { createGemini, scenarios } from 'testkit'
import type { Gemini, Scenario } from 'testkit'
import { createApp, EditingBot } from './support/app'
import type { AppOptions, TestApp } from './support/app'
import { settle, until } from 'common/testing'
import { fails, gate, piece, says } from './support/engine'

/** A bot whose platform refuses every message. */
class DeafBot extends EditingBot {
  refused = 0

  override async sendMessage(): Promise<string[]> {
    this.refused++
    throw new Error('refused')
  }
}

describe('unloading the plugin', () => {
  let test: TestApp
  let timers: ReturnType<typeof watchTimers> | undefined

  beforeEach(async () => {
    test = await createApp({ bot: EditingBot, config: { requestRetries: 5 } })
  })

  afterEach(async () => {
    timers?.restore()
    await test.close()
  })

  it('ends every request and keeps visible text', async () => {
    test.engine.respond([...piece('half'), gate(), ...says('never')])
    const done = Promise.all([test.client('alice').receive('one'), test.client('bob').receive('one')])
    await settle()
    assert.equal(test.engine.running, 2)
    test.unload()
    await done
    assert.equal(test.engine.running, 0)
    assert.equal(test.engine.disposed, true)
    assert.deepEqual(test.bot.read('private:alice'), ['half'])
    assert.deepEqual(test.warnings, [])
  })

  it('ends waits for retries', async () => {
    timers = watchTimers()
    test.engine.respond(fails('server'))
    const done = test.client('alice').receive('one')
    await settle()
    assert.ok(timers.pending().length > 0)
    test.unload()
    await done
    assert.deepEqual(timers.pending(), [])
    assert.equal(test.engine.requests.length, 1)
    assert.deepEqual(test.bot.read('private:alice'), ['已停止。'])
  })

  it('leaves nothing, and allows loading it again', async () => {
    const count = () => registered(test.app)
    const client = test.client('alice')
    test.unload()
    const before = count()
    assert.deepEqual(before.commands.filter(name => name.startsWith('gemini')), [])
    assert.deepEqual(before.texts, [])
    for (let round = 0; round < 3; round++) {
      const { fork, engine } = test.load()
      await settle()
      await client.receive(`hello ${round}`)
      assert.equal(test.bot.read('private:alice').at(-1), `echo: hello ${round}`)
      assert.equal(engine.requests.length, 1)
      fork.dispose()
      assert.deepEqual(count(), before)
    }
    test.app.middleware(session => [h.text(`${session.content}!`)])
    await client.shouldReply('hello', 'hello!')
  })

  it('ends an open batch', async () => {
    await test.close()
    test = await createApp({ config: { policy: 'merge', mergeWindow: 600_000 } })
    test.unload()
    timers = watchTimers()
    const { engine, fork } = test.load()
    const done = test.client('alice').receive('one')
    await settle()
    assert.ok(timers.pending().length > 0)
    fork.dispose()
    await done
    assert.deepEqual(timers.pending(), [])
    assert.equal(engine.requests.length, 0)
  })

  it('leaves no socket and no timer after many reloads', async () => {
    const gemini = await createGemini()
    await test.close()
    test = await createApp({ real: true, config: { baseUrl: gemini.url } })
    try {
      const client = test.client('alice')
      await client.receive('hello')
      test.unload()
      await until(() => gemini.connections() === 0)
      const before = resources()
      timers = watchTimers()
      for (let round = 0; round < 3; round++) {
        const { fork } = test.load()
        await settle()
        await client.receive('hello')
        assert.ok(gemini.connections() > 0)
        fork.dispose()
        await until(() => gemini.connections() === 0)
        assert.deepEqual(resources(), before)
        assert.deepEqual(timers.pending(), [])
      }
      assert.equal(gemini.requests.length, 4)
    } finally {
      await test.close()
      await gemini.close()
    }
  })
})

describe('unloading leaves no timer, listener and socket when', () => {
  let gemini: Gemini
  let files: Server
  let origin: string
  let test: TestApp
  let timers: ReturnType<typeof watchTimers> | undefined

  before(async () => {
    // It accepts every request, and at most begins a response.
    files = createServer(({ url }, response) => {
      if (url === '/half.png') response.writeHead(200).write('half')
    })
    await new Promise<void>(resolve => files.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(files.address() as AddressInfo).port}`
  })

  after(() => {
    files.closeAllConnections()
    files.close()
  })

  beforeEach(async () => {
    gemini = await createGemini()
  })

  afterEach(async () => {
    timers?.restore()
    await test.close()
    await gemini.close()
  })

  const long = 'word '.repeat(2000)
  const asked = (count: number) => () => gemini.requests.length === count
  const downloading = () => connections(files)
  const read = () => test.bot.read('private:alice')

  interface Case {
    config?: AppOptions['config']
    bot?: AppOptions['bot']
    /** What the mock does after the first question. */
    answers?: Scenario[]
    /** Runs first. */
    before?: string
    /** Messages to send. */
    say: string[]
    /** When to unload the plugin. */
    until: () => boolean | Promise<boolean>
    /** The visible texts in the end. */
    reads?: string[]
    prepare?(app: Context): void
  }

  const cases: Record<string, Case> = {
    'there are no messages': { say: [], until: () => true, reads: [] },
    'an answer is awaited': { answers: [scenarios.silent()], say: ['one'], until: asked(1), reads: [] },
    'an answer is being written': {
      answers: [scenarios.stalled('half')], say: ['one'], until: () => read()[0] === 'half', reads: ['half'],
    },
    'messages are queued': {
      answers: [scenarios.stalled('half')], say: ['one', 'two', 'three'], until: () => read().includes('half'),
      reads: ['已停止。', '已停止。', 'half'],
    },
    'a batch is open': {
      config: { policy: 'merge', mergeWindow: 600_000 }, say: ['one', 'two'], until: () => true,
    },
    'a retry is pending': {
      answers: [scenarios.rateLimited(15)], say: ['one'], until: () => /秒/.test(read()[0]), reads: ['已停止。'],
    },
    'a conversation is being compacted': {
      config: { historyTokens: 2000 }, before: long, answers: [scenarios.stalled('They')], say: ['two'], until: asked(2),
      reads: ['已停止。'],
    },
    'a conversation is being compacted with gemini.compact': {
      config: { historyTokens: 100_000 }, before: long, answers: [scenarios.text('two'), scenarios.stalled('They')],
      say: ['two', 'gemini.compact'], until: asked(3),
    },
    'a file is awaited': { say: ['<img src="ORIGIN/none.png"/>'], until: downloading },
    'a file is being loaded': { say: ['<img src="ORIGIN/half.png"/>'], until: downloading },
    'the platform refuses the answer': { bot: DeafBot, say: ['one'], until: () => (test.bot as DeafBot).refused > 1, reads: [] },
    'the doctor waits for a server that does not respond': {
      config: { baseUrl: 'ORIGIN' }, say: ['gemini.doctor'], until: downloading,
      prepare: app => void app.plugin(memory as never),
    },
    'the doctor waits for the list of models': {
      say: ['gemini.doctor'], until: asked(2), prepare: app => void app.plugin(memory as never),
    },
    'the doctor waits for a test answer': {
      answers: [scenarios.silent()], say: ['gemini.doctor'], until: asked(3),
      prepare: app => void app.plugin(memory as never),
    },
    'conversations expire in the background': { config: { idleExpiry: 60_000 }, say: ['one'], until: asked(1) },
  }

  for (const [name, unloading] of Object.entries(cases)) {
    const { config = {}, bot = EditingBot, answers = [], before, say, until: isDue, reads, prepare } = unloading
    it(name, async () => {
      const baseUrl = config.baseUrl?.replace('ORIGIN', origin) ?? gemini.url
      const mediaHosts = [new URL(origin).host]
      test = await createApp({
        bot, real: true, prepare, config: { requestRetries: 5, mediaHosts, ...config, baseUrl },
      })
      if (prepare) await test.app.mock.initUser('alice', 3)
      // The first plugin and the first message create things that stay.
      const alice = test.client('alice')
      await alice.receive('gemini.stop')
      test.unload()
      await until(() => gemini.connections() === 0)
      const left = { ...registered(test.app), resources: resources() }
      test.bot.sent.length = 0

      timers = watchTimers()
      const { fork } = test.load()
      if (before) await alice.receive(before)
      test.bot.sent.length = 0
      if (/which models/.test(name)) gemini.respondTo('models', scenarios.silent())
      gemini.respond(...answers)
      const done = Promise.all(say.map(text => alice.receive(text.replace('ORIGIN', origin))))
      while (!await isDue()) await settle()
      await settle()
      fork.dispose()
      await done
      await until(() => gemini.connections() === 0 && isDeepStrictEqual(resources(), left.resources)).catch(() => {})
      assert.deepEqual({ ...registered(test.app), resources: resources() }, left)
      assert.equal(await downloading(), false)
      assert.deepEqual(timers.pending(), [])
      if (reads) assert.deepEqual(read(), reads)
    })
  }
})

/**
 * Tracks timers that the caller sets from now on, and what it starts; unreferenced ones included. What other specs have
 * left running in the process does not count.
 */
function watchTimers() {
  const { setTimeout } = globalThis
  const timers: (NodeJS.Timeout & { _destroyed?: boolean })[] = []
  const watched = new AsyncLocalStorage<boolean>()
  watched.enterWith(true)
  globalThis.setTimeout = Object.assign((...args: Parameters<typeof setTimeout>) => {
    const timer = setTimeout(...args)
    if (watched.getStore()) timers.push(timer)
    return timer
  }, setTimeout) as typeof setTimeout
  return {
    pending: () => timers.filter(timer => !timer._destroyed),
    restore() {
      watched.disable()
      globalThis.setTimeout = setTimeout
    },
  }
}

function connections(server: Server) {
  return new Promise<boolean>((resolve, reject) => server.getConnections((error, count) => {
    if (error) reject(error)
    else resolve(count > 0)
  }))
}

/** The listeners that the plugin has registered. */
function registered(app: Context) {
  return {
    middlewares: app.$processor._hooks.length,
    commands: app.$commander._commandList.map(command => command.name),
    texts: Object.keys(app.i18n._data['zh-CN']).filter(path => path.includes('gemini')),
    hooks: Object.fromEntries(Object.entries(app.lifecycle._hooks).map(([name, hooks]) => [name, hooks.length])),
    process: process.eventNames().map(name => `${String(name)} ${process.listenerCount(name)}`),
  }
}

/** The handles that keep the process alive, without timers, which `watchTimers` tells apart from those of others. */
function resources() {
  const transient = ['Immediate', 'TickObject', 'Timeout']
  return process.getActiveResourcesInfo().filter(name => !transient.includes(name)).sort()
}
