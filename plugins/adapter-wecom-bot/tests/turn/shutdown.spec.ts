import assert from 'node:assert/strict'
import { DeliveryError } from '../../src/api/delivery-error'
import { SECOND, createTurns } from '../support/turns'

type World = ReturnType<typeof createTurns>

/** Starts the shutdown. @returns a function that passes time, and returns how long the shutdown took */
async function drain({ turns, clock }: World, grace = 5 * SECOND) {
  const start = clock.now()
  let end = Infinity
  void turns.drain(grace).then(() => end = clock.now())
  await clock.advance(0)
  return async (until = 20 * SECOND) => {
    await clock.advance(until - (clock.now() - start))
    return end - start
  }
}

describe('TurnRegistry.drain', () => {
  it('resolves at once if no answer is in progress', async () => {
    const world = createTurns()
    const { poll, open } = world
    const turn = open()
    await turn.say({ text: 'all' })
    turn.endChain()
    poll(turn)
    assert.equal(await (await drain(world))(), 0)
  })

  it('lets answers complete', async () => {
    const world = createTurns()
    const { clock, poll, open } = world
    const turn = open()
    poll(turn)
    const ended = await drain(world)
    await clock.advance(3 * SECOND)
    await turn.say({ text: 'all' })
    turn.endChain()
    await clock.advance(SECOND)
    assert.equal(poll(turn), 'all■')
    assert.ok(await ended() <= 4100)
  })

  it('closes a growing bubble with a notice, and waits until that is fetched', async () => {
    const world = createTurns()
    const { clock, fallback, poll, open } = world
    const turn = open()
    poll(turn)
    await turn.say({ text: 'half' })
    const ended = await drain(world)
    await clock.advance(6 * SECOND)
    assert.equal(poll(turn), 'half\n\n(interrupted)■')
    assert.ok(await ended() <= 6100)
    assert.deepEqual(fallback.sent, [])
  })

  it('sends the notice as a message if there is no bubble', async () => {
    const world = createTurns({ streaming: false })
    const { fallback, open } = world
    const turn = open()
    await turn.say({ text: 'half' })
    open({ msgId: 'OTHER' })
    await (await drain(world))()
    assert.deepEqual(fallback.sent, ['half\n\n(interrupted)', '(interrupted)'])
    turn.endChain()
    assert.equal(fallback.sent.length, 2)
  })

  it('sends the rest of an answer that was promised, with the notice', async () => {
    const world = createTurns()
    const { clock, fallback, poll, open } = world
    const turn = open()
    const id = (await turn.say({ text: 'one' }))!
    await clock.advance(330 * SECOND)
    assert.equal(poll(turn), 'one\n\n(later)■')
    turn.edit(id, { text: 'one two' })
    await (await drain(world))()
    assert.deepEqual(fallback.sent, ['two\n\n(interrupted)'])
    turn.endChain()
    await clock.advance(SECOND)
    assert.equal(fallback.sent.length, 1)
  })

  it('sends nothing if there is no way out', async () => {
    const world = createTurns({ streaming: false })
    world.fallback.open = false
    world.open()
    await (await drain(world))()
    assert.deepEqual([world.fallback.sent, world.lost], [[], []])
  })

  it('waits for messages that are being sent', async () => {
    const world = createTurns({ streaming: false })
    const { fallback, open } = world
    const turn = open()
    await turn.say({ text: 'all' })
    fallback.delay(2 * SECOND)
    turn.endChain()
    const time = await (await drain(world))()
    assert.ok(time >= 2000 && time <= 2100, String(time))
    assert.deepEqual(fallback.sent, ['all'])
  })

  it('closes a bubble whose continuation is queued, without waiting for the queue', async () => {
    const world = createTurns()
    const { clock, fallback, poll, open } = world
    const turn = open()
    poll(turn)
    await turn.say({ text: 'x'.repeat(30_000) })
    fallback.delay(60 * SECOND)
    turn.endChain()
    const ended = await drain(world)
    await clock.advance(5500)
    assert.match(poll(turn)!, /^x+\n\n\(continued\)■$/)
    assert.ok(await ended() <= 6600)
  })

  it('sends a final frame that is not fetched', async () => {
    const world = createTurns()
    const { fallback, poll, open } = world
    const turn = open()
    poll(turn)
    await turn.say({ text: 'all' })
    turn.endChain()
    const time = await (await drain(world))()
    assert.ok(time >= 2500 && time <= 2600, String(time))
    assert.deepEqual(fallback.sent, ['all'])
    assert.equal(poll(turn), '(elsewhere)■')
  })

  it('does not announce a continuation that has failed in time', async () => {
    const world = createTurns()
    const { clock, fallback, poll, open } = world
    const turn = open()
    poll(turn)
    await turn.say({ text: 'x'.repeat(30_000) })
    fallback.outcomes.push(async (text) => {
      await new Promise<void>(resolve => clock.setTimeout(resolve, 6 * SECOND))
      throw new DeliveryError('wecom-bot/delivery-refused', text.length, 'refused')
    })
    turn.endChain()
    const ended = await drain(world)
    await clock.advance(6500)
    assert.match(poll(turn)!, /^x+\n\n\(\d+ lost\)■$/)
    assert.ok(await ended() <= 6600)
  })

  it('keeps an answer in the bubble if it could not be sent as a message', async () => {
    const world = createTurns()
    const { clock, fallback, poll, open } = world
    const turn = open()
    poll(turn)
    await turn.say({ text: 'all' })
    turn.endChain()
    fallback.outcomes.push(async () => {
      await new Promise<void>(resolve => clock.setTimeout(resolve, 6 * SECOND))
      throw new DeliveryError('wecom-bot/delivery-refused', 3, 'refused')
    })
    await clock.advance(10 * SECOND)
    const ended = await drain(world)
    await clock.advance(6500)
    assert.equal(poll(turn), 'all■')
    assert.ok(await ended() <= 7600)
  })

  it('does not wait for a bubble whose answer was sent as a message', async () => {
    const world = createTurns()
    const { clock, fallback, poll, open } = world
    const turn = open()
    poll(turn)
    await turn.say({ text: 'all' })
    turn.endChain()
    await clock.advance(10 * SECOND)
    assert.deepEqual(fallback.sent, ['all'])
    assert.equal(await (await drain(world))(), 0)
    assert.deepEqual(fallback.sent, ['all'])
  })
})
