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

describe('TurnController: a message after the middleware chain', () => {
  it('is added to a final frame that was not fetched yet', async () => {
    const world = createTurns()
    const { poll, open } = world
    const turn = open()
    poll(turn)
    await turn.say({ text: 'a' })
    turn.endChain()
    assert.ok(await late(turn, 'b'))
    assert.equal(poll(turn), 'a\n\nb■')
  })

  it('keeps the stream open while it is being sent', async () => {
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

  it('is sent on its own after the final frame was fetched, and cannot be edited', async () => {
    const world = createTurns()
    const { clock, fallback, poll, open } = world
    const turn = open()
    const first = (await turn.say({ text: 'a' }))!
    turn.endChain()
    assert.equal(poll(turn), 'a■')
    assert.equal(await late(turn, 'b'), undefined)
    await clock.advance(0)
    assert.deepEqual(fallback.sent, ['b'])
    assert.equal(poll(turn), 'a■')
    assert.equal(turn.edit(first, { text: 'x' }), false)
    assert.equal(turn.remove(first), false)
    await clock.advance(MINUTE)
    assert.deepEqual(fallback.sent, ['b'])
  })

  it('is sent on its own while the final frame is being fetched', async () => {
    const world = createTurns()
    const { clock, fallback, open } = world
    const turn = open()
    await turn.say({ text: 'a' })
    turn.endChain()
    const frame = turn.frame()!
    assert.equal(frame.content, 'a')
    await late(turn, 'b')
    turn.confirmFinalFrame(true)
    await clock.advance(MINUTE)
    assert.deepEqual(fallback.sent, ['b'])
    assert.equal(turn.frame()!.content, 'a')
  })

  it('is sent on its own if there was no bubble', async () => {
    const world = createTurns()
    const { clock, fallback, poll, open } = world
    const turn = open()
    turn.endChain()
    assert.equal(poll(turn), undefined)
    await late(turn, 'b')
    await clock.advance(MINUTE)
    assert.deepEqual(fallback.sent, ['b'])
    assert.equal(poll(turn), undefined)
  })

  it('is sent on its own while the answer is being delivered outside of the bubble', async () => {
    const world = createTurns()
    const { clock, fallback, poll, open } = world
    const turn = open()
    poll(turn)
    await turn.say({ text: 'a' })
    turn.endChain()
    fallback.delay(2 * SECOND)
    await clock.advance(11 * SECOND)
    await late(turn, 'b')
    await clock.advance(5 * SECOND)
    assert.deepEqual(fallback.sent.sort(), ['a', 'b'])
    assert.equal(poll(turn), '(elsewhere)■')
  })

  it('is rejected if there is no way out, and changes nothing', async () => {
    const world = createTurns()
    const { turns, clock, fallback, poll, open } = world
    fallback.open = false
    const turn = open()
    await turn.say({ text: 'a' })
    turn.endChain()
    poll(turn)
    await assert.rejects(late(turn, 'b'), { name: 'DeliveryError', code: 'wecom-bot/no-route' })
    await clock.advance(11 * MINUTE)
    assert.equal(turns.size, 0)
  })

  it('is rendered as text where only text can be sent', async () => {
    const { fallback, poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: 'a' })
    turn.endChain()
    poll(turn)
    await turn.say({ text: '', images: [{ base64: 'AAAA', md5: '0' }], buttons: [{ text: '再来', input: 'again' }] })
    await turn.say({ text: '', card: { card_type: 'text_notice', main_title: { title: 'news' } } as never })
    assert.deepEqual(fallback.sent, ['[图片]\n\n- 再来：again', '[卡片] news'])
  })

  it('follows the rest of a handed-over answer', async () => {
    const world = createTurns()
    const { clock, fallback, poll, open } = world
    const turn = open()
    await turn.say({ text: 'a' })
    await clock.advance(330 * SECOND)
    poll(turn)
    await turn.say({ text: 'b' })
    turn.endChain()
    await clock.advance(0)
    await late(turn, 'c')
    await clock.advance(0)
    assert.deepEqual(fallback.sent, ['b', 'c'])
  })
})

describe('TurnController: an edit after the middleware chain', () => {
  it('changes a final frame that was not fetched yet, and the stream still closes', async () => {
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
      await clock.advance(MINUTE)
      assert.deepEqual(fallback.sent, [])
    }
  })

  it('returns false for an unknown message', async () => {
    const { poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: 'a' })
    turn.endChain()
    assert.equal(turn.edit('other', { text: 'c' }), false)
    assert.equal(poll(turn), 'a■')
  })
})

describe('TurnController: streaming is off', () => {
  it('sends the answer when it is complete', async () => {
    const { turns, clock, fallback, poll, open } = createTurns({ streaming: false })
    const turn = open()
    assert.equal(poll(turn), undefined)
    const id = (await turn.say({ text: 'a' }))!
    turn.edit(id, { text: 'ab' })
    await turn.say({ text: 'c' })
    await clock.advance(6 * MINUTE)
    turn.endChain()
    await clock.advance(0)
    assert.deepEqual(fallback.sent, ['ab\n\nc'])
    assert.equal(poll(turn), undefined)
    await clock.advance(11 * MINUTE)
    assert.equal(turns.size, 0)
  })

  it('replaces an image by text', async () => {
    const { clock, fallback, open } = createTurns({ streaming: false })
    const turn = open()
    await turn.say({ text: '', images: [{ base64: 'AAAA', md5: '0' }] })
    turn.endChain()
    await clock.advance(0)
    assert.deepEqual(fallback.sent, ['[图片]'])
  })

  it('sends nothing if there is no answer', async () => {
    const { clock, fallback, open } = createTurns({ streaming: false })
    open().endChain()
    await clock.advance(MINUTE)
    assert.deepEqual(fallback.sent, [])
  })
})
