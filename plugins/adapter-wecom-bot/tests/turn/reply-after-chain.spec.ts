import assert from 'node:assert/strict'
import { MINUTE, SECOND, createTurns } from '../support/turns'

type World = ReturnType<typeof createTurns>

/** Says something as a plugin does that does not wait for the chain. */
async function late({ turns }: World, turn: ReturnType<World['open']>, text: string) {
  turn.sending()
  try {
    return await turns.say(turn, { text })
  } finally {
    turn.sent()
  }
}

describe('a message that comes after the chain', () => {
  it('joins a last frame that was not fetched yet', async () => {
    const world = createTurns()
    const { turns, poll, open } = world
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: 'a' })
    turn.chainEnded()
    assert.ok(await late(world, turn, 'b'))
    assert.equal(poll(turn), 'a\n\nb■')
  })

  it('keeps a stream open for as long as it is on its way', async () => {
    const { turns, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: 'a' })
    turn.sending()
    turn.chainEnded()
    assert.equal(poll(turn), 'a')
    await turns.say(turn, { text: 'b' })
    turn.sent()
    assert.equal(poll(turn), 'a\n\nb■')
  })

  it('goes another way after the last frame was fetched, and cannot be edited there', async () => {
    const world = createTurns()
    const { turns, clock, outlet, poll, open } = world
    const turn = open()
    const first = (await turns.say(turn, { text: 'a' }))!
    turn.chainEnded()
    assert.equal(poll(turn), 'a■')
    assert.equal(await late(world, turn, 'b'), undefined)
    await clock.pass(0)
    assert.deepEqual(outlet.sent, ['b'])
    assert.equal(poll(turn), 'a■')
    assert.equal(turns.rewrite(turn, first, { text: 'x' }), false)
    assert.equal(turns.retract(turn, first), false)
    await clock.pass(MINUTE)
    assert.deepEqual(outlet.sent, ['b'])
  })

  it('goes another way while the last frame is on its way', async () => {
    const world = createTurns()
    const { turns, clock, outlet, open } = world
    const turn = open()
    await turns.say(turn, { text: 'a' })
    turn.chainEnded()
    const frame = turns.frame(turn)!
    assert.equal(frame.content, 'a')
    await late(world, turn, 'b')
    turns.fetched(turn, true)
    await clock.pass(MINUTE)
    assert.deepEqual(outlet.sent, ['b'])
    assert.equal(turns.frame(turn)!.content, 'a')
  })

  it('goes another way where there was no bubble', async () => {
    const world = createTurns()
    const { clock, outlet, poll, open } = world
    const turn = open()
    turn.chainEnded()
    assert.equal(poll(turn), undefined)
    await late(world, turn, 'b')
    await clock.pass(MINUTE)
    assert.deepEqual(outlet.sent, ['b'])
    assert.equal(poll(turn), undefined)
  })

  it('goes another way while the answer is on one', async () => {
    const world = createTurns()
    const { turns, clock, outlet, poll, open } = world
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: 'a' })
    turn.chainEnded()
    outlet.delay(clock, 2 * SECOND)
    await clock.pass(11 * SECOND)
    await late(world, turn, 'b')
    await clock.pass(5 * SECOND)
    assert.deepEqual(outlet.sent.sort(), ['a', 'b'])
    assert.equal(poll(turn), '(elsewhere)■')
  })

  it('is refused where no way is left, and nothing else is changed', async () => {
    const world = createTurns()
    const { turns, clock, outlet, poll, open } = world
    outlet.open = false
    const turn = open()
    await turns.say(turn, { text: 'a' })
    turn.chainEnded()
    poll(turn)
    await assert.rejects(late(world, turn, 'b'), { name: 'DeliveryError', code: 'no-way' })
    await clock.pass(11 * MINUTE)
    assert.equal(turns.size, 0)
  })

  it('is put in words where only text gets through', async () => {
    const { turns, outlet, poll, open } = createTurns()
    const turn = open()
    await turns.say(turn, { text: 'a' })
    turn.chainEnded()
    poll(turn)
    await turns.say(turn, { text: '', images: [{ base64: 'AAAA', md5: '0' }], buttons: [{ text: '再来', input: 'again' }] })
    await turns.say(turn, { text: '', card: { card_type: 'text_notice', main_title: { title: 'news' } } as never })
    assert.deepEqual(outlet.sent, ['[图片]\n\n- 再来：again', '[卡片] news'])
  })

  it('follows what was handed over', async () => {
    const world = createTurns()
    const { turns, clock, outlet, poll, open } = world
    const turn = open()
    await turns.say(turn, { text: 'a' })
    await clock.pass(330 * SECOND)
    poll(turn)
    await turns.say(turn, { text: 'b' })
    turn.chainEnded()
    await clock.pass(0)
    await late(world, turn, 'c')
    await clock.pass(0)
    assert.deepEqual(outlet.sent, ['b', 'c'])
  })
})

describe('an edit that comes after the chain', () => {
  it('changes a last frame that was not fetched yet, and the stream still closes', async () => {
    for (const change of ['rewrite', 'retract'] as const) {
      const { turns, clock, outlet, poll, open } = createTurns()
      const turn = open()
      poll(turn)
      await turns.say(turn, { text: 'a' })
      const second = (await turns.say(turn, { text: 'b' }))!
      turn.chainEnded()
      if (change === 'rewrite') assert.ok(turns.rewrite(turn, second, { text: 'c' }))
      else assert.ok(turns.retract(turn, second))
      assert.equal(poll(turn), change === 'rewrite' ? 'a\n\nc■' : 'a■')
      await clock.pass(MINUTE)
      assert.deepEqual(outlet.sent, [])
    }
  })

  it('of a message that is not there changes nothing', async () => {
    const { turns, poll, open } = createTurns()
    const turn = open()
    await turns.say(turn, { text: 'a' })
    turn.chainEnded()
    assert.equal(turns.rewrite(turn, 'other', { text: 'c' }), false)
    assert.equal(poll(turn), 'a■')
  })
})

describe('without streams', () => {
  it('an answer goes out when it is complete', async () => {
    const { turns, clock, outlet, poll, open } = createTurns({ streaming: false })
    const turn = open()
    assert.equal(poll(turn), undefined)
    const id = (await turns.say(turn, { text: 'a' }))!
    turns.rewrite(turn, id, { text: 'ab' })
    await turns.say(turn, { text: 'c' })
    await clock.pass(6 * MINUTE)
    turn.chainEnded()
    await clock.pass(0)
    assert.deepEqual(outlet.sent, ['ab\n\nc'])
    assert.equal(poll(turn), undefined)
    await clock.pass(11 * MINUTE)
    assert.equal(turns.size, 0)
  })

  it('an image is at least spoken of', async () => {
    const { turns, clock, outlet, open } = createTurns({ streaming: false })
    const turn = open()
    await turns.say(turn, { text: '', images: [{ base64: 'AAAA', md5: '0' }] })
    turn.chainEnded()
    await clock.pass(0)
    assert.deepEqual(outlet.sent, ['[图片]'])
  })

  it('nothing goes out where nothing is said', async () => {
    const { clock, outlet, open } = createTurns({ streaming: false })
    open().chainEnded()
    await clock.pass(MINUTE)
    assert.deepEqual(outlet.sent, [])
  })
})
