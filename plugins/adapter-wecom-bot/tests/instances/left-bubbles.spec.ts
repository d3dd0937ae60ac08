import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import type { Frame } from 'testkit'
import { WecomGateway } from 'testkit'
import { MemoryBackend, SharedStateService } from '../../../../tests/support/shared-state'
import type { SocketBot } from '../support/socket-bot'
import { createSocketBot } from '../support/socket-bot'
import { MINUTE, SECOND, notices } from '../support/turns'

describe('a bubble of the long connection whose instance died', () => {
  /** Of WeCom and of the shared state. */
  let clock: FakeClock
  let backend: MemoryBackend
  let gateway: WecomGateway
  let bots: SocketBot[]
  let services: SharedStateService[]

  beforeEach(async () => {
    clock = new FakeClock()
    backend = new MemoryBackend(clock)
    gateway = await WecomGateway.create({ clock })
    bots = []
    services = []
  })

  afterEach(async () => {
    for (const bot of bots) await bot.close()
    for (const service of services) await service.dispose()
    assert.deepEqual(gateway.violations, [])
  })

  /** An instance with a clock of its own: when it dies, its time stands still. */
  async function add(instance: string) {
    const own = new FakeClock(clock.now())
    const service = new SharedStateService(backend, { instance, clock: own, isShared: true })
    services.push(service)
    const bot = await createSocketBot({ clock: own, gateway, shared: service })
    bots.push(bot)
    return bot
  }

  /** Lets time pass for WeCom, the shared state and the instances that are alive. */
  async function pass(ms: number, ...alive: SocketBot[]) {
    for (let left = ms; left > 0; left -= 250) {
      await clock.advance(250)
      for (const bot of alive) await bot.pass(250, 250)
    }
  }

  /** The process is gone, and with it its sockets. */
  function die(bot: SocketBot) {
    bot.longConnection.connection.stop()
  }

  const isLast = ({ body }: Frame) => !!body?.stream?.finish
  const lastFrames = () => gateway.sent('aibot_respond_msg').filter(isLast).length

  it('is closed with what it showed, and a notice, by the instance that gets the connection', async () => {
    const [one, two, three] = [await add('one'), await add('two'), await add('three')]
    const turn = await one.ask()
    await turn.say({ text: 'half' })
    await pass(2 * SECOND, one, two, three)
    assert.deepEqual(gateway.texts(), ['half…'])
    die(one)
    await pass(20 * SECOND, two, three)
    assert.deepEqual(gateway.texts(), [`half\n\n${notices.interrupted}`])
    await pass(MINUTE, two, three)
    assert.equal(lastFrames(), 1)
    assert.equal(two.asked.length + three.asked.length, 0)
  })

  it('gets the whole answer whose last frame was lost', async () => {
    const [one, two] = [await add('one'), await add('two')]
    const turn = await one.ask()
    gateway.treat = frame => isLast(frame) ? 'lose' : undefined
    await turn.say({ text: 'whole' })
    turn.endChain()
    await pass(SECOND, one, two)
    die(one)
    gateway.treat = undefined
    await pass(20 * SECOND, two)
    assert.deepEqual(gateway.texts(), ['whole'])
    assert.equal(gateway.messages()[0].isFinished, true)
  })

  it('is not touched where its last frame had arrived', async () => {
    const [one, two] = [await add('one'), await add('two')]
    const turn = await one.ask()
    await turn.say({ text: 'whole' })
    turn.endChain()
    await pass(SECOND, one, two)
    die(one)
    await pass(MINUTE, two)
    assert.deepEqual(gateway.texts(), ['whole'])
    assert.equal(lastFrames(), 1)
    assert.deepEqual([two.asked, two.lost, two.turns.size], [[], [], 0])
  })

  it('is left alone after a quarter of an hour', async () => {
    const one = await add('one')
    await (await one.ask()).say({ text: 'half' })
    await pass(2 * SECOND, one)
    die(one)
    await pass(16 * MINUTE)
    const two = await add('two')
    await pass(MINUTE, two)
    assert.deepEqual(gateway.texts(), ['half…'])
    assert.equal(lastFrames(), 0)
  })
})
