import assert from 'node:assert/strict'
import { cards } from '../support/cards'
import { MINUTE, SECOND, createTurns } from '../support/turns'

describe('TurnController: the stream window ends', () => {
  it('closes the stream after five and a half minutes, and sends the rest once it is complete', async () => {
    const { turns, clock, fallback, poll, open } = createTurns()
    const turn = open()
    const id = (await turn.say({ text: 'one' }))!
    await clock.advance(330 * SECOND - 1)
    assert.equal(poll(turn), 'one')
    await clock.advance(1)
    assert.equal(poll(turn), 'one\n\n(later)■')
    assert.ok(turn.edit(id, { text: 'one two' }))
    assert.equal(poll(turn), 'one\n\n(later)■')
    await turn.say({ text: 'three' })
    await clock.advance(MINUTE)
    assert.deepEqual(fallback.sent, [])
    turn.endChain()
    await clock.advance(0)
    assert.deepEqual(fallback.sent, ['two\n\nthree'])
    assert.equal(poll(turn), 'one\n\n(later)■')
    await clock.advance(11 * MINUTE)
    assert.deepEqual(fallback.sent, ['two\n\nthree'])
    assert.equal(turns.size, 0)
  })

  it('says that the answer is cut off if there is no way out', async () => {
    const { clock, fallback, lost, poll, open } = createTurns()
    fallback.open = false
    const turn = open()
    const id = (await turn.say({ text: 'one' }))!
    await clock.advance(330 * SECOND)
    assert.equal(poll(turn), 'one\n\n(cut off)■')
    turn.edit(id, { text: 'one two' })
    turn.endChain()
    await clock.advance(0)
    assert.equal(lost.length, 1)
    assert.deepEqual(fallback.sent, [])
  })

  it('reopens a code block in the rest', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    const id = (await turn.say({ text: '```js\none()' }))!
    await clock.advance(330 * SECOND)
    assert.equal(poll(turn), '```js\none()\n```\n\n(later)■')
    turn.edit(id, { text: '```js\none()\ntwo()\n```\nend' })
    turn.endChain()
    await clock.advance(0)
    assert.deepEqual(fallback.sent, ['```js\ntwo()\n```\nend'])
  })

  it('sends the whole answer if it was replaced', async () => {
    for (const [shown, text] of [['Thinking…', 'The answer is 42.'], ['思考中…', '思路是这样的。'], ['one two', 'one too many']]) {
      const { clock, fallback, poll, open } = createTurns()
      const turn = open()
      const id = (await turn.say({ text: shown }))!
      await clock.advance(330 * SECOND)
      poll(turn)
      turn.edit(id, { text })
      turn.endChain()
      await clock.advance(0)
      assert.deepEqual(fallback.sent, [text])
    }
  })

  it('says that there was no answer', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    await clock.advance(330 * SECOND)
    assert.equal(poll(turn), '(later)■')
    turn.endChain()
    await clock.advance(0)
    assert.deepEqual(fallback.sent, ['(silent)'])
  })

  it('says once that the answer was complete', async () => {
    const { turns, clock, fallback, poll, open } = createTurns()
    const turn = open()
    const id = (await turn.say({ text: 'all of it' }))!
    await clock.advance(330 * SECOND)
    assert.equal(poll(turn), 'all of it\n\n(later)■')
    turn.edit(id, { text: 'all of it\n' })
    turn.endChain()
    await clock.advance(0)
    assert.deepEqual(fallback.sent, ['(complete)'])
    turn.beginSend()
    turn.endSend()
    await clock.advance(11 * MINUTE)
    assert.deepEqual(fallback.sent, ['(complete)'])
    assert.equal(turns.size, 0)
  })

  it('does not say so if a shown message was removed and sent elsewhere', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    const id = (await turn.say({ text: 'one' }))!
    await clock.advance(330 * SECOND)
    poll(turn)
    turn.remove(id)
    await turn.say({ text: 'two' })
    turn.endChain()
    await clock.advance(0)
    assert.deepEqual(fallback.sent, ['two'])
  })

  it('does not say so if nothing more was promised', async () => {
    const { clock, fallback, lost, poll, open } = createTurns()
    fallback.open = false
    const turn = open()
    await turn.say({ text: 'all of it' })
    await clock.advance(330 * SECOND)
    assert.equal(poll(turn), 'all of it\n\n(cut off)■')
    fallback.open = true
    turn.endChain()
    await clock.advance(MINUTE)
    assert.deepEqual([fallback.sent, lost], [[], []])
  })

  it('does not say so if the promised way out is gone', async () => {
    const { turns, clock, fallback, lost, poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: 'all of it' })
    await clock.advance(330 * SECOND)
    poll(turn)
    fallback.open = false
    turn.endChain()
    await clock.advance(11 * MINUTE)
    assert.deepEqual([fallback.sent, lost], [[], []])
    assert.equal(turns.size, 0)
  })

  it('renders a late card as text, and does not repeat a sent one', async () => {
    for (const wasThere of [true, false]) {
      const { clock, fallback, poll, open } = createTurns({ cards: true })
      const turn = open()
      await turn.say({ text: 'look', card: wasThere ? cards.news_notice : undefined })
      if (wasThere) turn.turn.markCardSent(0)
      await clock.advance(330 * SECOND)
      poll(turn)
      if (!wasThere) await turn.say({ text: '', card: cards.news_notice })
      turn.endChain()
      await clock.advance(0)
      assert.deepEqual(fallback.sent, [wasThere ? '(complete)' : '[卡片] 早报'])
    }
  })

  it('sends images that no frame could carry', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: 'look', images: [{ base64: 'AAAA', md5: '0' }] })
    await clock.advance(330 * SECOND)
    assert.equal(poll(turn), 'look\n\n(later)■')
    turn.endChain()
    await clock.advance(0)
    assert.deepEqual(fallback.sent, ['[图片]'])
  })

  it('continues an answer that is longer than the bubble where the bubble ended', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    const words = Array.from({ length: 5000 }, (_, index) => `w${index}`)
    await turn.say({ text: words.join(' ') })
    await clock.advance(330 * SECOND)
    const shown = poll(turn)!.replace('\n\n(later)■', '')
    turn.endChain()
    await clock.advance(0)
    assert.equal(`${shown} ${fallback.sent.join(' ')}`, words.join(' '))
  })

  it('sends an answer that is never polled', async () => {
    const { clock, fallback, open } = createTurns()
    const turn = open()
    turn.frame()
    await clock.advance(7 * MINUTE)
    await turn.say({ text: 'late' })
    turn.endChain()
    await clock.advance(10 * SECOND)
    assert.deepEqual(fallback.sent, ['late'])
  })
})

describe('TurnController: the turn never ends', () => {
  it('gives up after 55 minutes, and sends the answer so far', async () => {
    const { turns, clock, fallback, hung, open } = createTurns()
    const turn = open()
    turn.frame()
    await turn.say({ text: 'half' })
    await clock.advance(55 * MINUTE)
    assert.deepEqual(hung, [turn.turn])
    await clock.advance(10 * SECOND)
    assert.deepEqual(fallback.sent, ['half'])
    await clock.advance(11 * MINUTE)
    assert.equal(turns.size, 0)
    assert.equal(clock.pending, 0)
  })

  it('gives up with the rest that the stream did not show', async () => {
    const { turns, clock, fallback, hung, poll, open } = createTurns()
    const turn = open()
    const id = (await turn.say({ text: 'one' }))!
    await clock.advance(330 * SECOND)
    assert.equal(poll(turn), 'one\n\n(later)■')
    turn.edit(id, { text: 'one two' })
    await clock.advance(50 * MINUTE)
    assert.deepEqual(hung, [turn.turn])
    assert.deepEqual(fallback.sent, ['two'])
    await clock.advance(11 * MINUTE)
    assert.equal(turns.size, 0)
  })

  it('gives up with a notice if more was promised', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    await clock.advance(330 * SECOND)
    assert.equal(poll(turn), '(later)■')
    await clock.advance(50 * MINUTE)
    assert.deepEqual(fallback.sent, ['(silent)'])
  })

  it('is forgotten if nothing was promised', async () => {
    const { turns, clock, fallback, hung, open } = createTurns()
    open()
    await clock.advance(55 * MINUTE)
    assert.equal(hung.length, 1)
    assert.equal(turns.size, 0)
    assert.equal(clock.pending, 0)
    assert.deepEqual(fallback.sent, [])
  })
})

describe('TurnController: Koishi does not report the end of the chain', () => {
  for (const streaming of [true, false]) {
    it(`ends five seconds after its middleware returned, ${streaming ? 'in a stream that is not polled' : 'with streaming off'}`, async () => {
      const { clock, fallback, open } = createTurns({ streaming })
      const turn = open()
      if (streaming) turn.frame()
      await turn.say({ text: 'hello' })
      turn.middlewareReturned()
      await clock.advance(5 * SECOND - 1)
      assert.equal(turn.turn.isEnded, false)
      await clock.advance(1)
      assert.equal(turn.turn.isEnded, true)
      await clock.advance(10 * SECOND)
      assert.deepEqual(fallback.sent, ['hello'])
    })
  }

  it('stays open while a message is being sent', async () => {
    const { clock, poll, open } = createTurns()
    const turn = open()
    turn.middlewareReturned()
    turn.beginSend()
    await clock.advance(20 * SECOND)
    await turn.say({ text: 'slow' })
    assert.equal(poll(turn), 'slow')
    turn.endSend()
    assert.equal(poll(turn), 'slow■')
  })

  it('leaves no timer if the end is reported late', async () => {
    const { turns, clock, open } = createTurns()
    const turn = open()
    turn.middlewareReturned()
    turn.endChain()
    await clock.advance(10 * MINUTE)
    assert.equal(clock.pending, 0)
    const other = open({ msgId: 'OTHER' })
    other.middlewareReturned()
    turns.dispose()
    assert.equal(clock.pending, 0)
  })
})
