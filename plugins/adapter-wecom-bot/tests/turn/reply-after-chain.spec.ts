import assert from 'node:assert/strict'
import type { TurnController } from '../../src/turn/turn-controller'
import { MINUTE, SECOND, createTurns } from '../support/turns'

/** Sends like a plugin that does not wait for the middleware chain. */
async function late(turn: TurnController, text: string) {
  turn.beginSend()
  try {
    return await turn.say({ text })
  } finally {
    turn.endSend()
  }
}

describe('a message that comes after the chain', () => {
  it('joins a last frame that was not fetched yet', async () => {
    const world = createTurns()
    const { poll, open } = world
    const turn = open()
    poll(turn)
    await turn.say({ text: 'a' })
    turn.endChain()
    assert.ok(await late(turn, 'b'))
    assert.equal(poll(turn), 'a\n\nb■')
  })

  it('keeps a stream open for as long as it is on its way', async () => {
    const { poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: 'a' })
    turn.beginSend()
    turn.endChain()
    assert.equal(poll(turn), 'a')
    await turn.say({ text: 'b' })
    turn.endSend()
    assert.equal(poll(turn), 'a\n\nb■')
  })

  it('goes another way after the last frame was fetched, and cannot be edited there', async () => {
    const world = createTurns()
    const { clock, fallback, poll, open } = world
    const turn = open()
    const first = (await turn.say({ text: 'a' }))!
    turn.endChain()
    assert.equal(poll(turn), 'a■')
    assert.equal(await late(turn, 'b'), undefined)
    await clock.pass(0)
    assert.deepEqual(fallback.sent, ['b'])
    assert.equal(poll(turn), 'a■')
    assert.equal(turn.edit(first, { text: 'x' }), false)
    assert.equal(turn.remove(first), false)
    await clock.pass(MINUTE)
    assert.deepEqual(fallback.sent, ['b'])
  })

  it('goes another way while the last frame is on its way', async () => {
    const world = createTurns()
    const { clock, fallback, open } = world
    const turn = open()
    await turn.say({ text: 'a' })
    turn.endChain()
    const frame = turn.frame()!
    assert.equal(frame.content, 'a')
    await late(turn, 'b')
    turn.confirmFinalFrame(true)
    await clock.pass(MINUTE)
    assert.deepEqual(fallback.sent, ['b'])
    assert.equal(turn.frame()!.content, 'a')
  })

  it('goes another way where there was no bubble', async () => {
    const world = createTurns()
    const { clock, fallback, poll, open } = world
    const turn = open()
    turn.endChain()
    assert.equal(poll(turn), undefined)
    await late(turn, 'b')
    await clock.pass(MINUTE)
    assert.deepEqual(fallback.sent, ['b'])
    assert.equal(poll(turn), undefined)
  })

  it('goes another way while the answer is on one', async () => {
    const world = createTurns()
    const { clock, fallback, poll, open } = world
    const turn = open()
    poll(turn)
    await turn.say({ text: 'a' })
    turn.endChain()
    fallback.delay(2 * SECOND)
    await clock.pass(11 * SECOND)
    await late(turn, 'b')
    await clock.pass(5 * SECOND)
    assert.deepEqual(fallback.sent.sort(), ['a', 'b'])
    assert.equal(poll(turn), '(elsewhere)■')
  })

  it('is refused where no way is left, and nothing else is changed', async () => {
    const world = createTurns()
    const { turns, clock, fallback, poll, open } = world
    fallback.open = false
    const turn = open()
    await turn.say({ text: 'a' })
    turn.endChain()
    poll(turn)
    await assert.rejects(late(turn, 'b'), { name: 'DeliveryError', code: 'wecom-bot/no-route' })
    await clock.pass(11 * MINUTE)
    assert.equal(turns.size, 0)
  })

  it('is put in words where only text gets through', async () => {
    const { fallback, poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: 'a' })
    turn.endChain()
    poll(turn)
    await turn.say({ text: '', images: [{ base64: 'AAAA', md5: '0' }], buttons: [{ text: '再来', input: 'again' }] })
    await turn.say({ text: '', card: { card_type: 'text_notice', main_title: { title: 'news' } } as never })
    assert.deepEqual(fallback.sent, ['[图片]\n\n- 再来：again', '[卡片] news'])
  })

  it('follows what was handed over', async () => {
    const world = createTurns()
    const { clock, fallback, poll, open } = world
    const turn = open()
    await turn.say({ text: 'a' })
    await clock.pass(330 * SECOND)
    poll(turn)
    await turn.say({ text: 'b' })
    turn.endChain()
    await clock.pass(0)
    await late(turn, 'c')
    await clock.pass(0)
    assert.deepEqual(fallback.sent, ['b', 'c'])
  })
})

describe('an edit that comes after the chain', () => {
  it('changes a last frame that was not fetched yet, and the stream still closes', async () => {
    for (const change of ['rewrite', 'retract'] as const) {
      const { clock, fallback, poll, open } = createTurns()
      const turn = open()
      poll(turn)
      await turn.say({ text: 'a' })
      const second = (await turn.say({ text: 'b' }))!
      turn.endChain()
      if (change === 'rewrite') assert.ok(turn.edit(second, { text: 'c' }))
      else assert.ok(turn.remove(second))
      assert.equal(poll(turn), change === 'rewrite' ? 'a\n\nc■' : 'a■')
      await clock.pass(MINUTE)
      assert.deepEqual(fallback.sent, [])
    }
  })

  it('of a message that is not there changes nothing', async () => {
    const { poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: 'a' })
    turn.endChain()
    assert.equal(turn.edit('other', { text: 'c' }), false)
    assert.equal(poll(turn), 'a■')
  })
})

describe('without streams', () => {
  it('an answer goes out when it is complete', async () => {
    const { turns, clock, fallback, poll, open } = createTurns({ streaming: false })
    const turn = open()
    assert.equal(poll(turn), undefined)
    const id = (await turn.say({ text: 'a' }))!
    turn.edit(id, { text: 'ab' })
    await turn.say({ text: 'c' })
    await clock.pass(6 * MINUTE)
    turn.endChain()
    await clock.pass(0)
    assert.deepEqual(fallback.sent, ['ab\n\nc'])
    assert.equal(poll(turn), undefined)
    await clock.pass(11 * MINUTE)
    assert.equal(turns.size, 0)
  })

  it('an image is at least spoken of', async () => {
    const { clock, fallback, open } = createTurns({ streaming: false })
    const turn = open()
    await turn.say({ text: '', images: [{ base64: 'AAAA', md5: '0' }] })
    turn.endChain()
    await clock.pass(0)
    assert.deepEqual(fallback.sent, ['[图片]'])
  })

  it('nothing goes out where nothing is said', async () => {
    const { clock, fallback, open } = createTurns({ streaming: false })
    open().endChain()
    await clock.pass(MINUTE)
    assert.deepEqual(fallback.sent, [])
  })
})
