import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import type { Frame } from 'testkit'
import { WecomGateway } from 'testkit'
import { MemoryBackend, SharedStateService } from '../../../../tests/support/shared-state'
import { createMemoryStores } from '../../src/storage/stores'
import type { StoredStream } from '../../src/storage/streams'
import type { Stores } from '../../src/storage/stores'
import type { SocketBot } from '../support/socket-bot'
import { createSocketBot } from '../support/socket-bot'
import { MINUTE, SECOND, notices } from '../support/turns'

/** An instance, and how it sees the server of the shared state. */
interface TestInstance {
  bot: SocketBot
  service: SharedStateService
  outage: { isOpen: boolean, isRecovering: boolean, epoch: number }
  disconnect(): void
  reconnect(): void
}

describe('a bubble of the long connection whose instance', () => {
  /** Of WeCom and of the shared state. */
  let clock: FakeClock
  let backend: MemoryBackend
  let gateway: WecomGateway
  let instances: TestInstance[]

  beforeEach(async () => {
    clock = new FakeClock()
    backend = new MemoryBackend(clock)
    gateway = await WecomGateway.create({ clock })
    instances = []
  })

  afterEach(async () => {
    for (const { bot, service } of instances) {
      await bot.close()
      await service.dispose()
    }
    assert.deepEqual(gateway.violations, [])
  })

  /** An instance with a clock of its own: when it dies or is stopped, its time stands still. */
  async function add(instance: string, stores?: Stores): Promise<TestInstance> {
    const own = new FakeClock(clock.now())
    const outage = { isOpen: false, isRecovering: false, epoch: 0 }
    let current = backend
    const guarded = new Proxy(backend, {
      get: (_, name: keyof MemoryBackend) => (...args: never[]) => Reflect.apply(current[name], current, args),
    })
    const service = new SharedStateService(guarded, { instance, clock: own, isShared: true, circuit: outage })
    const bot = await createSocketBot({ clock: own, gateway, shared: service, stores })
    const added: TestInstance = {
      bot,
      service,
      outage,
      disconnect() {
        current = new MemoryBackend(own)
        outage.isOpen = outage.isRecovering = true
        outage.epoch++
      },
      reconnect() {
        current = backend
        outage.isOpen = false
        service.restore()
      },
    }
    instances.push(added)
    return added
  }

  /** Lets time pass for WeCom, the shared state and the instances that are alive. */
  async function pass(ms: number, ...alive: TestInstance[]) {
    for (let left = ms; left > 0; left -= 250) {
      await clock.advance(250)
      for (const { bot } of alive) await bot.pass(250, 250)
    }
  }

  /** Two instances, of which the first shows some text. */
  async function begin() {
    const [one, two] = [await add('one'), await add('two')]
    const turn = await one.bot.ask()
    await turn.say({ text: 'half' })
    await pass(2 * SECOND, one, two)
    assert.match(gateway.texts()[0], /^half/)
    return { one, two, turn }
  }

  /** The process is gone, and with it its sockets. */
  function die({ bot }: TestInstance) {
    bot.longConnection.connection.stop()
  }

  /** The first instance is stopped for as long as it takes the second to get the connection, and goes on then. */
  async function freeze(one: TestInstance, two: TestInstance) {
    let ms = 0
    for (; !two.bot.longConnection.isReady; ms += 250) await pass(250, two)
    await one.bot.clock.jump(ms)
    await one.bot.pass(10, 10)
    assert.equal(one.bot.longConnection.connection.state.name, 'standby')
  }

  const isLast = ({ body }: Frame) => !!body?.stream?.finish
  const lastFrames = () => gateway.sent('aibot_respond_msg').filter(isLast).length
  const lease = (id: string) => backend.inspectLease(`wecom-bot/AIBOTID/turn/${id}`)
  const interrupted = `half\n\n${notices.interrupted}`

  describe('died', () => {
    it('is closed with what it showed, and a notice, by the instance that gets the connection', async () => {
      const { one, two } = await begin()
      const three = await add('three')
      die(one)
      await pass(20 * SECOND, two, three)
      assert.deepEqual(gateway.texts(), [interrupted])
      await pass(MINUTE, two, three)
      assert.equal(lastFrames(), 1)
      assert.equal(two.bot.asked.length + three.bot.asked.length, 0)
    })

    it('gets the whole answer whose last frame was lost', async () => {
      const { one, two, turn } = await begin()
      gateway.treat = frame => isLast(frame) ? 'lose' : undefined
      await turn.say({ text: 'whole' })
      turn.endChain()
      await pass(SECOND, one, two)
      die(one)
      gateway.treat = undefined
      await pass(20 * SECOND, two)
      assert.deepEqual(gateway.texts(), ['half\n\nwhole'])
      assert.equal(gateway.messages()[0].isFinished, true)
    })

    it('gets the whole answer that was complete while there was no connection', async () => {
      const { one, two, turn } = await begin()
      gateway.isSilent = true
      gateway.disconnect()
      await pass(SECOND, one, two)
      await turn.say({ text: 'whole' })
      turn.endChain()
      await pass(10 * SECOND, one, two)
      die(one)
      gateway.isSilent = false
      await pass(30 * SECOND, two)
      assert.deepEqual(gateway.texts(), ['half\n\nwhole'])
    })

    it('is not touched where its last frame had arrived', async () => {
      const { one, two, turn } = await begin()
      await turn.say({ text: 'whole' })
      turn.endChain()
      await pass(SECOND, one, two)
      die(one)
      await pass(MINUTE, two)
      assert.deepEqual(gateway.texts(), ['half\n\nwhole'])
      assert.equal(lastFrames(), 1)
      assert.deepEqual([two.bot.asked, two.bot.lost, two.bot.turns.size], [[], [], 0])
    })

    it('is left alone after a quarter of an hour', async () => {
      const { one, two } = await begin()
      die(one)
      await pass(16 * MINUTE)
      await two.bot.clock.jump(16 * MINUTE)
      await pass(MINUTE, two)
      assert.equal(lastFrames(), 0)
    })

    it('is not touched where the database knows that it was closed while the server was away', async () => {
      const { one, two, turn } = await begin()
      for (const instance of [one, two]) instance.disconnect()
      await turn.say({ text: 'whole' })
      turn.endChain()
      await pass(2 * SECOND, one, two)
      die(one)
      two.bot.dispose()
      const stores = createMemoryStores(clock)
      stores.streams.find = async streamId => ({ ...turn.turn.stored('half\n\nwhole', true), streamId, requestId: undefined })
      await pass(15 * SECOND)
      const three = await add('three', stores)
      await pass(MINUTE, three)
      assert.equal(three.bot.longConnection.isReady, true)
      assert.deepEqual(gateway.texts(), ['half\n\nwhole'])
      assert.equal(lastFrames(), 1)
    })

    it('is closed when the connection breaks before the acknowledgement', async () => {
      const { one, two } = await begin()
      die(one)
      let lost = 0
      gateway.treat = frame => isLast(frame) && !lost++ ? 'lose' : undefined
      await pass(MINUTE, two)
      assert.deepEqual(gateway.texts(), [interrupted])
      assert.equal(gateway.messages()[0].isFinished, true)
    })

    it('is closed by the next one that gets the connection', async () => {
      const { one, two } = await begin()
      die(one)
      let refused = 0
      gateway.treat = frame => isLast(frame) && !refused++ ? { errcode: 45009 } : undefined
      while (!refused) await pass(250, two)
      const three = await add('three')
      await two.bot.longConnection.stop()
      await pass(2 * MINUTE, two, three)
      assert.deepEqual(gateway.texts(), [interrupted])
      assert.equal((await lease(one.bot.asked[0].id))?.isHeld, false)
    })
  })

  describe('has lost the connection to another', () => {
    it('gets the whole answer from that one', async () => {
      const { one, two, turn } = await begin()
      await freeze(one, two)
      await turn.say({ text: 'whole' })
      turn.endChain()
      await pass(MINUTE, one, two)
      assert.deepEqual(gateway.texts(), ['half\n\nwhole'])
      assert.equal(gateway.messages()[0].isFinished, true)
      assert.deepEqual([one.bot.lost, (await lease(turn.id))?.isHeld], [[], false])
    })

    it('gets the whole answer from that one, when the server is back that was away meanwhile', async () => {
      const { one, two, turn } = await begin()
      await freeze(one, two)
      for (const instance of [one, two]) instance.disconnect()
      await turn.say({ text: 'whole' })
      turn.endChain()
      await pass(8 * SECOND, one, two)
      for (const instance of [one, two]) instance.reconnect()
      await pass(5 * SECOND, one, two)
      for (const { outage } of [one, two]) outage.isRecovering = false
      await pass(MINUTE, one, two)
      assert.deepEqual(gateway.texts(), ['half\n\nwhole'])
    })

    it('gets the text of an answer with pictures, which are reported as lost', async () => {
      const { one, two, turn } = await begin()
      await freeze(one, two)
      await turn.say({ text: 'whole', images: [{ base64: 'AAAA', md5: '0'.repeat(32) }] })
      turn.endChain()
      await pass(MINUTE, one, two)
      assert.match(gateway.texts()[0], /^half\n\nwhole/)
      assert.match(String(one.bot.lost), /another instance holds the connection to WeCom/)
    })

    it('is closed when that is tried again after this one has seen the loss, with one database', async () => {
      const rows = new Map<string, StoredStream>()
      const shared = () => {
        const stores = createMemoryStores(clock)
        stores.streams.save = stream => void rows.set(stream.streamId, stream)
        stores.streams.find = async streamId => rows.get(streamId)
        return stores
      }
      const [one, two] = [await add('one', shared()), await add('two', shared())]
      await (await one.bot.ask()).say({ text: 'half' })
      await pass(2 * SECOND, one, two)
      let lost = 0
      gateway.treat = frame => isLast(frame) && !lost++ ? 'lose' : undefined
      let ms = 0
      for (; !lost; ms += 250) await pass(250, two)
      await one.bot.clock.jump(ms)
      await pass(MINUTE, one, two)
      assert.deepEqual(gateway.texts(), [interrupted])
      assert.equal(gateway.messages()[0].isFinished, true)
    })

    it('is closed in time where the answer is longer than the bubble', async () => {
      const { one, two, turn } = await begin()
      await freeze(one, two)
      await pass(6 * MINUTE, one, two)
      assert.equal(gateway.messages()[0].isFinished, true)
      assert.match(gateway.texts()[0], /^half\n\n/)
      await turn.say({ text: 'rest' })
      turn.endChain()
      await pass(MINUTE, one, two)
      assert.match(String(one.bot.lost), /another instance holds the connection to WeCom/)
    })
  })

  it('reloads its plugin is closed, and its lease ends', async () => {
    const { one, two, turn } = await begin()
    one.bot.dispose()
    await pass(30 * SECOND, one, two)
    assert.deepEqual(gateway.texts(), [interrupted])
    assert.equal((await lease(turn.id))?.isHeld, false)
  })

  it('has shared state again after it was away is not taken over by itself', async () => {
    const one = await add('one')
    const turn = await one.bot.ask()
    await turn.say({ text: 'half' })
    await pass(2 * SECOND, one)
    await one.service.dispose()
    await pass(20 * SECOND, one)
    await turn.say({ text: 'whole' })
    turn.endChain()
    await pass(5 * SECOND, one)
    assert.deepEqual(gateway.texts(), ['half\n\nwhole'])
  })

  it('can be seen again after an outage keeps its connection', async () => {
    const { one, two, turn } = await begin()
    for (const instance of [one, two]) instance.disconnect()
    await pass(15 * SECOND, one, two)
    two.reconnect()
    await pass(3 * SECOND, one, two)
    one.reconnect()
    await pass(2 * SECOND, one, two)
    one.outage.isRecovering = two.outage.isRecovering = false
    await turn.say({ text: 'whole' })
    turn.endChain()
    await pass(MINUTE, one, two)
    assert.equal(one.bot.longConnection.isReady, true)
    assert.equal(gateway.connectionCount, 1)
    assert.deepEqual(gateway.texts(), ['half\n\nwhole'])
  })
})
