import assert from 'node:assert/strict'
import { cards } from '../support/cards'
import { MINUTE, SECOND, createTurns } from '../support/turns'

describe('after five and a half minutes', () => {
  it('the stream closes with what there is, and the rest follows once, when it is complete', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    const id = (await turns.say(turn, { text: 'one' }))!
    await clock.pass(330 * SECOND - 1)
    assert.equal(poll(turn), 'one')
    await clock.pass(1)
    assert.equal(poll(turn), 'one\n\n(later)■')
    assert.ok(turns.rewrite(turn, id, { text: 'one two' }))
    assert.equal(poll(turn), 'one\n\n(later)■')
    await turns.say(turn, { text: 'three' })
    await clock.pass(MINUTE)
    assert.deepEqual(outlet.sent, [])
    turn.chainEnded()
    await clock.pass(0)
    assert.deepEqual(outlet.sent, ['two\n\nthree'])
    assert.equal(poll(turn), 'one\n\n(later)■')
    await clock.pass(11 * MINUTE)
    assert.deepEqual(outlet.sent, ['two\n\nthree'])
    assert.equal(turns.size, 0)
  })

  it('says so where there is no other way', async () => {
    const { turns, clock, outlet, lost, poll, open } = createTurns()
    outlet.open = false
    const turn = open()
    const id = (await turns.say(turn, { text: 'one' }))!
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), 'one\n\n(cut off)■')
    turns.rewrite(turn, id, { text: 'one two' })
    turn.chainEnded()
    await clock.pass(0)
    assert.equal(lost.length, 1)
    assert.deepEqual(outlet.sent, [])
  })

  it('opens the code again that it closed', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    const id = (await turns.say(turn, { text: '```js\none()' }))!
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), '```js\none()\n```\n\n(later)■')
    turns.rewrite(turn, id, { text: '```js\none()\ntwo()\n```\nend' })
    turn.chainEnded()
    await clock.pass(0)
    assert.deepEqual(outlet.sent, ['```js\ntwo()\n```\nend'])
  })

  it('sends all of an answer that has become another one', async () => {
    for (const [shown, text] of [['Thinking…', 'The answer is 42.'], ['思考中…', '思路是这样的。'], ['one two', 'one too many']]) {
      const { turns, clock, outlet, poll, open } = createTurns()
      const turn = open()
      const id = (await turns.say(turn, { text: shown }))!
      await clock.pass(330 * SECOND)
      poll(turn)
      turns.rewrite(turn, id, { text })
      turn.chainEnded()
      await clock.pass(0)
      assert.deepEqual(outlet.sent, [text])
    }
  })

  it('says that nothing came where nothing did', async () => {
    const { clock, outlet, poll, open } = createTurns()
    const turn = open()
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), '(later)■')
    turn.chainEnded()
    await clock.pass(0)
    assert.deepEqual(outlet.sent, ['(silent)'])
  })

  it('says, once, that nothing more comes where all had been shown', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    const id = (await turns.say(turn, { text: 'all of it' }))!
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), 'all of it\n\n(later)■')
    turns.rewrite(turn, id, { text: 'all of it\n' })
    turn.chainEnded()
    await clock.pass(0)
    assert.deepEqual(outlet.sent, ['(complete)'])
    turn.sending()
    turn.sent()
    await clock.pass(11 * MINUTE)
    assert.deepEqual(outlet.sent, ['(complete)'])
    assert.equal(turns.size, 0)
  })

  it('says nothing of an end where what had been shown was taken back and said elsewhere', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    const id = (await turns.say(turn, { text: 'one' }))!
    await clock.pass(330 * SECOND)
    poll(turn)
    turns.retract(turn, id)
    await turns.say(turn, { text: 'two' })
    turn.chainEnded()
    await clock.pass(0)
    assert.deepEqual(outlet.sent, ['two'])
  })

  it('says nothing of an end to who was not told of more', async () => {
    const { turns, clock, outlet, lost, poll, open } = createTurns()
    outlet.open = false
    const turn = open()
    await turns.say(turn, { text: 'all of it' })
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), 'all of it\n\n(cut off)■')
    outlet.open = true
    turn.chainEnded()
    await clock.pass(MINUTE)
    assert.deepEqual([outlet.sent, lost], [[], []])
  })

  it('says nothing of an end where the way it was promised for has gone', async () => {
    const { turns, clock, outlet, lost, poll, open } = createTurns()
    const turn = open()
    await turns.say(turn, { text: 'all of it' })
    await clock.pass(330 * SECOND)
    poll(turn)
    outlet.open = false
    turn.chainEnded()
    await clock.pass(11 * MINUTE)
    assert.deepEqual([outlet.sent, lost], [[], []])
    assert.equal(turns.size, 0)
  })

  it('sends a card that came too late in words, and one that was there not at all', async () => {
    for (const wasThere of [true, false]) {
      const { turns, clock, outlet, poll, open } = createTurns({ cards: true })
      const turn = open()
      await turns.say(turn, { text: 'look', card: wasThere ? cards.news_notice : undefined })
      if (wasThere) turn.spendCard(0)
      await clock.pass(330 * SECOND)
      poll(turn)
      if (!wasThere) await turns.say(turn, { text: '', card: cards.news_notice })
      turn.chainEnded()
      await clock.pass(0)
      assert.deepEqual(outlet.sent, [wasThere ? '(complete)' : '[卡片] 早报'])
    }
  })

  it('sends pictures that no frame could have', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    await turns.say(turn, { text: 'look', images: [{ base64: 'AAAA', md5: '0' }] })
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), 'look\n\n(later)■')
    turn.chainEnded()
    await clock.pass(0)
    assert.deepEqual(outlet.sent, ['[图片]'])
  })

  it('closes an answer that is longer than a bubble, and continues it where the bubble ended', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    const words = Array.from({ length: 5000 }, (_, index) => `w${index}`)
    await turns.say(turn, { text: words.join(' ') })
    await clock.pass(330 * SECOND)
    const shown = poll(turn)!.replace('\n\n(later)■', '')
    turn.chainEnded()
    await clock.pass(0)
    assert.equal(`${shown} ${outlet.sent.join(' ')}`, words.join(' '))
  })

  it('sends an answer that nobody polls for', async () => {
    const { turns, clock, outlet, open } = createTurns()
    const turn = open()
    turns.frame(turn)
    await clock.pass(7 * MINUTE)
    await turns.say(turn, { text: 'late' })
    turn.chainEnded()
    await clock.pass(10 * SECOND)
    assert.deepEqual(outlet.sent, ['late'])
  })
})

describe('a turn that never ends', () => {
  it('is given up after 55 minutes, and what was said goes out', async () => {
    const { turns, clock, outlet, hung, open } = createTurns()
    const turn = open()
    turns.frame(turn)
    await turns.say(turn, { text: 'half' })
    await clock.pass(55 * MINUTE)
    assert.deepEqual(hung, [turn])
    await clock.pass(10 * SECOND)
    assert.deepEqual(outlet.sent, ['half'])
    await clock.pass(11 * MINUTE)
    assert.equal(turns.size, 0)
    assert.equal(clock.pending, 0)
  })

  it('is given up with the rest of what its stream showed', async () => {
    const { turns, clock, outlet, hung, poll, open } = createTurns()
    const turn = open()
    const id = (await turns.say(turn, { text: 'one' }))!
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), 'one\n\n(later)■')
    turns.rewrite(turn, id, { text: 'one two' })
    await clock.pass(50 * MINUTE)
    assert.deepEqual(hung, [turn])
    assert.deepEqual(outlet.sent, ['two'])
    await clock.pass(11 * MINUTE)
    assert.equal(turns.size, 0)
  })

  it('is given up with a word to who was promised more', async () => {
    const { clock, outlet, poll, open } = createTurns()
    const turn = open()
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), '(later)■')
    await clock.pass(50 * MINUTE)
    assert.deepEqual(outlet.sent, ['(silent)'])
  })

  it('is forgotten where nobody was promised anything', async () => {
    const { turns, clock, outlet, hung, open } = createTurns()
    open()
    await clock.pass(55 * MINUTE)
    assert.equal(hung.length, 1)
    assert.equal(turns.size, 0)
    assert.equal(clock.pending, 0)
    assert.deepEqual(outlet.sent, [])
  })
})

describe('a chain whose end Koishi never tells', () => {
  for (const streaming of [true, false]) {
    it(`ends five seconds after its middleware returned, ${streaming ? 'in a stream nobody polls' : 'without streams'}`, async () => {
      const { turns, clock, outlet, open } = createTurns({ streaming })
      const turn = open()
      if (streaming) turns.frame(turn)
      await turns.say(turn, { text: 'hello' })
      turns.returned(turn)
      await clock.pass(5 * SECOND - 1)
      assert.equal(turn.ended, false)
      await clock.pass(1)
      assert.equal(turn.ended, true)
      await clock.pass(10 * SECOND)
      assert.deepEqual(outlet.sent, ['hello'])
    })
  }

  it('does not end while a message is on its way', async () => {
    const { turns, clock, poll, open } = createTurns()
    const turn = open()
    turns.returned(turn)
    turn.sending()
    await clock.pass(20 * SECOND)
    await turns.say(turn, { text: 'slow' })
    assert.equal(poll(turn), 'slow')
    turn.sent()
    assert.equal(poll(turn), 'slow■')
  })

  it('leaves no timer where it is told after all', async () => {
    const { turns, clock, open } = createTurns()
    const turn = open()
    turns.returned(turn)
    turn.chainEnded()
    await clock.pass(10 * MINUTE)
    assert.equal(clock.pending, 0)
    const other = open({ msgId: 'OTHER' })
    turns.returned(other)
    turns.dispose()
    assert.equal(clock.pending, 0)
  })
})
