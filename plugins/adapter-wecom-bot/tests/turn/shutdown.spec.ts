import assert from 'node:assert/strict'
import { DeliveryError } from '../../src/api/delivery-error'
import { SECOND, createTurns } from '../support/turns'

type World = ReturnType<typeof createTurns>

/** Lets the process come to its end. @returns how long that took */
async function drain({ turns, clock }: World, grace = 5 * SECOND) {
  const start = clock.now()
  let end = Infinity
  void turns.drain(grace).then(() => end = clock.now())
  await clock.pass(0)
  return async (until = 20 * SECOND) => {
    await clock.pass(until - (clock.now() - start))
    return end - start
  }
}

describe('a process that has to end', () => {
  it('ends at once where nobody waits', async () => {
    const world = createTurns()
    const { turns, poll, open } = world
    const turn = open()
    await turns.say(turn, { text: 'all' })
    turn.chainEnded()
    poll(turn)
    assert.equal(await (await drain(world))(), 0)
  })

  it('lets answers complete', async () => {
    const world = createTurns()
    const { turns, clock, poll, open } = world
    const turn = open()
    poll(turn)
    const ended = await drain(world)
    await clock.pass(3 * SECOND)
    await turns.say(turn, { text: 'all' })
    turn.chainEnded()
    await clock.pass(SECOND)
    assert.equal(poll(turn), 'all■')
    assert.ok(await ended() <= 4100)
  })

  it('closes what is still growing with a sentence, and waits until that is fetched', async () => {
    const world = createTurns()
    const { turns, clock, outlet, poll, open } = world
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: 'half' })
    const ended = await drain(world)
    await clock.pass(6 * SECOND)
    assert.equal(poll(turn), 'half\n\n(interrupted)■')
    assert.ok(await ended() <= 6100)
    assert.deepEqual(outlet.sent, [])
  })

  it('tells whoever waits without a bubble on another way', async () => {
    const world = createTurns({ streaming: false })
    const { turns, outlet, open } = world
    const turn = open()
    await turns.say(turn, { text: 'half' })
    open({ msgId: 'OTHER' })
    await (await drain(world))()
    assert.deepEqual(outlet.sent, ['half\n\n(interrupted)', '(interrupted)'])
    turn.chainEnded()
    assert.equal(outlet.sent.length, 2)
  })

  it('tells who was promised more, with what there is of it', async () => {
    const world = createTurns()
    const { turns, clock, outlet, poll, open } = world
    const turn = open()
    const id = (await turns.say(turn, { text: 'one' }))!
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), 'one\n\n(later)■')
    turns.rewrite(turn, id, { text: 'one two' })
    await (await drain(world))()
    assert.deepEqual(outlet.sent, ['two\n\n(interrupted)'])
    turn.chainEnded()
    await clock.pass(SECOND)
    assert.equal(outlet.sent.length, 1)
  })

  it('tells nobody where no way is left', async () => {
    const world = createTurns({ streaming: false })
    world.outlet.open = false
    world.open()
    await (await drain(world))()
    assert.deepEqual([world.outlet.sent, world.lost], [[], []])
  })

  it('waits for what is on another way', async () => {
    const world = createTurns({ streaming: false })
    const { turns, clock, outlet, open } = world
    const turn = open()
    await turns.say(turn, { text: 'all' })
    outlet.delay(clock, 2 * SECOND)
    turn.chainEnded()
    const time = await (await drain(world))()
    assert.ok(time >= 2000 && time <= 2100, String(time))
    assert.deepEqual(outlet.sent, ['all'])
  })

  it('closes a bubble although what continues it still waits, and does not wait for that', async () => {
    const world = createTurns()
    const { turns, clock, outlet, poll, open } = world
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: 'x'.repeat(30_000) })
    outlet.delay(clock, 60 * SECOND)
    turn.chainEnded()
    const ended = await drain(world)
    await clock.pass(5500)
    assert.match(poll(turn)!, /^x+\n\n\(continued\)■$/)
    assert.ok(await ended() <= 6600)
  })

  it('sends what nobody fetches', async () => {
    const world = createTurns()
    const { turns, outlet, poll, open } = world
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: 'all' })
    turn.chainEnded()
    const time = await (await drain(world))()
    assert.ok(time >= 2500 && time <= 2600, String(time))
    assert.deepEqual(outlet.sent, ['all'])
    assert.equal(poll(turn), '(elsewhere)■')
  })

  it('does not say that more follows where it turns out in time that nothing does', async () => {
    const world = createTurns()
    const { turns, clock, outlet, poll, open } = world
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: 'x'.repeat(30_000) })
    outlet.fates.push(async (text) => {
      await new Promise<void>(resolve => clock.setTimeout(resolve, 6 * SECOND))
      throw new DeliveryError('refused', text.length, 'refused')
    })
    turn.chainEnded()
    const ended = await drain(world)
    await clock.pass(6500)
    assert.match(poll(turn)!, /^x+\n\n\(\d+ lost\)■$/)
    assert.ok(await ended() <= 6600)
  })

  it('shows an answer after all where no other way took it', async () => {
    const world = createTurns()
    const { turns, clock, outlet, poll, open } = world
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: 'all' })
    turn.chainEnded()
    outlet.fates.push(async () => {
      await new Promise<void>(resolve => clock.setTimeout(resolve, 6 * SECOND))
      throw new DeliveryError('refused', 3, 'refused')
    })
    await clock.pass(10 * SECOND)
    const ended = await drain(world)
    await clock.pass(6500)
    assert.equal(poll(turn), 'all■')
    assert.ok(await ended() <= 7600)
  })

  it('does not wait for who has been served on another way', async () => {
    const world = createTurns()
    const { turns, clock, outlet, poll, open } = world
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: 'all' })
    turn.chainEnded()
    await clock.pass(10 * SECOND)
    assert.deepEqual(outlet.sent, ['all'])
    assert.equal(await (await drain(world))(), 0)
    assert.deepEqual(outlet.sent, ['all'])
  })
})
