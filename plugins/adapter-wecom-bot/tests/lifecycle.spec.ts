import assert from 'node:assert/strict'
import type { Session } from 'koishi'
import memory from '@koishijs/plugin-database-memory'
import { until } from 'common/testing'
import { systemClock as clock } from 'common/time'
import type { World } from './support/world'
import { createWorld, path } from './support/world'

/** Pending timers of the adapter. They are unref'd, so Node does not list them. */
const timers = new Set<unknown>()
const { setTimeout: set, clearTimeout: clear } = clock

describe('the adapter', () => {
  let world: World
  let answer: (session: Session) => unknown = () => 'hello'

  before(async () => {
    world = await createWorld()
    world.app.middleware(session => answer(session) as never)
    clock.setTimeout = (callback, delay) => {
      const timer = set(() => {
        timers.delete(timer)
        callback()
      }, delay)
      timers.add(timer)
      return timer
    }
    clock.clearTimeout = (timer) => {
      timers.delete(timer)
      clear(timer)
    }
  })

  after(async () => {
    Object.assign(clock, { setTimeout: set, clearTimeout: clear })
    await world.close()
  })

  const added: ReturnType<World['add']>[] = []

  beforeEach(() => {
    world.log.lines.splice(0)
    answer = () => 'hello'
  })

  afterEach(async () => {
    for (const { dispose } of added.splice(0)) await dispose()
  })

  function add(config?: Parameters<World['add']>[0]) {
    const bot = world.add(config)
    added.push(bot)
    return bot
  }

  it('leaves no route, timer, listener or bot when it is unloaded', async () => {
    const { app } = world
    const count = () => ({
      bots: app.bots.length,
      routes: app.server.stack.length,
      // eslint-disable-next-line @typescript-eslint/no-explicit-any
      listeners: Object.values((app.lifecycle as any)._hooks as Record<string, unknown[]>).flat().length,
      middlewares: app.$processor._hooks.length,
      // eslint-disable-next-line @typescript-eslint/no-explicit-any
      plugins: [...(app.registry as any).values()].length,
      timers: timers.size,
    })
    const client = world.client()
    const before = count()
    for (let round = 0; round < 3; round++) {
      const { dispose } = world.add()
      assert.equal((await client.verify()).ok, true)
      assert.equal((await client.post(client.text('hi'))).reply!.stream!.content, 'hello')
      await dispose()
      assert.deepEqual(count(), before)
      assert.equal((await client.post(client.text('hi'))).status, 404)
      assert.equal((await fetch(client.url)).status, 404)
    }
  })

  it('can be unloaded in the middle of an answer', async () => {
    const before = timers.size
    let release = () => {}
    answer = () => new Promise(resolve => release = () => resolve('too late'))
    const { dispose } = add({ firstReply: 10 })
    const client = world.client()
    const { stream } = (await client.post(client.text('hi'))).reply!
    assert.equal(stream!.finish, false)
    await dispose()
    release()
    await until(() => timers.size === before)
    assert.ok(!/unhandled|TypeError/.test(world.log.text), world.log.text)
    add()
    const forgotten = (await client.poll(stream!.id)).reply!.stream!
    assert.equal(forgotten.finish, true)
  })

  it('is online once WeCom has reached it', async () => {
    const { bot } = add()
    assert.notEqual(bot.isActive, true)
    await fetch(`${world.origin}${path}`, { method: 'POST', body: '{}' })
    assert.notEqual(bot.status, 1)
    await world.client().verify()
    assert.equal(bot.status, 1)
  })

  it('serves two bots on two paths', async () => {
    answer = session => `I am ${session.selfId}`
    const one = add({ botId: 'ONE', path: '/one', token: 'tokenOne' })
    add({ botId: 'TWO', path: '/two', token: 'tokenTwo', encodingAESKey: 'b'.repeat(43) })
    const clients = [
      world.client({ url: `${world.origin}/one`, botId: 'ONE', token: 'tokenOne' }),
      world.client({ url: `${world.origin}/two`, botId: 'TWO', token: 'tokenTwo', encodingAESKey: 'b'.repeat(43) }),
    ]
    const answers = await Promise.all(clients.map(client => client.post(client.text('hi', { msgId: 'SAME' }))))
    assert.deepEqual(answers.map(({ reply }) => reply!.stream!.content), ['I am ONE', 'I am TWO'])
    await one.dispose()
    assert.equal((await clients[0].post(clients[0].text('hi'))).status, 404)
    assert.equal((await clients[1].post(clients[1].text('hi'))).status, 200)
  })

  it('serves two bots on one path, distinguished by their tokens', async () => {
    answer = session => `I am ${session.selfId}`
    const { dispose } = add({ botId: 'ONE', token: 'tokenONE', freshness: 10_000 })
    add({ botId: 'TWO', token: 'tokenTWO', freshness: 600_000 })
    const [one, two] = ['ONE', 'TWO'].map(botId => world.client({ botId, token: `token${botId}` }))
    assert.equal((await one.post(one.text('hi'))).reply!.stream!.content, 'I am ONE')
    assert.equal((await two.post(two.text('hi'))).reply!.stream!.content, 'I am TWO')
    const timestamp = Math.floor(Date.now() / 1000) - 60
    assert.equal((await one.post(one.text('hi'), { timestamp })).status, 403)
    assert.equal((await two.post(two.text('hi'), { timestamp })).status, 200)
    await dispose()
    assert.equal((await one.post(one.text('hi'))).status, 403)
    assert.equal((await two.post(two.text('hi'))).status, 200)
  })

  it('refuses two bots that cannot be distinguished', async () => {
    const first = add({ botId: 'ONE' })
    for (const config of [{ botId: 'TWO' }, { botId: 'ONE', path: '/other' }, { botId: 'ONE', token: 'other' }]) {
      world.log.lines.splice(0)
      const { dispose } = add(config)
      await new Promise(setImmediate)
      assert.match(world.log.text, /same token|set a different botId/)
      assert.deepEqual(world.app.bots.map(({ selfId }) => selfId), ['ONE'])
      await dispose()
    }
    assert.equal((await world.client({ botId: 'ONE' }).verify()).ok, true)
    await first.dispose()
    assert.equal(add({ botId: 'TWO' }).bot.selfId, 'TWO')
  })
})

describe('the adapter with a database', () => {
  let world: World
  let answer: (session: Session<'authority'>) => unknown

  before(async () => {
    world = await createWorld(app => void app.plugin(memory))
    world.app.middleware(session => answer(session as never) as never)
    world.add({ firstReply: 30 })
  })

  after(async () => {
    clock.setTimeout = set
    await world.close()
  })

  it('answers people and groups that Koishi has not stored yet', async () => {
    answer = () => 'hello'
    const client = world.client()
    assert.equal((await client.post(client.text('hi'))).reply!.stream!.content, 'hello')
    assert.equal((await client.post(client.text('hi', { chatId: 'G' }))).reply!.stream!.content, 'hello')
  })

  it('ends a turn although the database fails to store the user', async () => {
    const { app } = world
    const client = world.client()
    const { set: write } = app.database
    // CHAIN_END_TIMEOUT_MS
    clock.setTimeout = (callback, delay) => set(callback, delay === 5000 ? 50 : delay)
    answer = async (session) => {
      session.user!.authority = 3
      app.database.set = (async () => {
        throw new Error('disk full')
      }) as never
      return 'hello'
    }
    const rejections: unknown[] = []
    const note = (reason: unknown) => void rejections.push(reason)
    const others = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', note)
    try {
      let last
      for await (const frame of client.ask('hi', { userId: 'BROKEN' })) last = frame
      assert.deepEqual([last!.content, last!.finish], ['hello', true])
    } finally {
      app.database.set = write
      process.removeAllListeners('unhandledRejection')
      for (const listener of others) process.on('unhandledRejection', listener)
    }
  })
})
