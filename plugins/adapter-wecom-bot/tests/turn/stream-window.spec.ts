import assert from 'node:assert/strict'
import { cards } from '../support/cards'
import { MINUTE, SECOND, createTurns } from '../support/turns'

describe('after five and a half minutes', () => {
  it('the stream closes with what there is, and the rest follows once, when it is complete', async () => {
    const { turns, clock, fallback, poll, open } = createTurns()
    const turn = open()
    const id = (await turn.say({ text: 'one' }))!
    await clock.pass(330 * SECOND - 1)
    assert.equal(poll(turn), 'one')
    await clock.pass(1)
    assert.equal(poll(turn), 'one\n\n(later)■')
    assert.ok(turn.edit(id, { text: 'one two' }))
    assert.equal(poll(turn), 'one\n\n(later)■')
    await turn.say({ text: 'three' })
    await clock.pass(MINUTE)
    assert.deepEqual(fallback.sent, [])
    turn.endChain()
    await clock.pass(0)
    assert.deepEqual(fallback.sent, ['two\n\nthree'])
    assert.equal(poll(turn), 'one\n\n(later)■')
    await clock.pass(11 * MINUTE)
    assert.deepEqual(fallback.sent, ['two\n\nthree'])
    assert.equal(turns.size, 0)
  })

  it('says so where there is no other way', async () => {
    const { clock, fallback, lost, poll, open } = createTurns()
    fallback.open = false
    const turn = open()
    const id = (await turn.say({ text: 'one' }))!
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), 'one\n\n(cut off)■')
    turn.edit(id, { text: 'one two' })
    turn.endChain()
    await clock.pass(0)
    assert.equal(lost.length, 1)
    assert.deepEqual(fallback.sent, [])
  })

  it('opens the code again that it closed', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    const id = (await turn.say({ text: '```js\none()' }))!
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), '```js\none()\n```\n\n(later)■')
    turn.edit(id, { text: '```js\none()\ntwo()\n```\nend' })
    turn.endChain()
    await clock.pass(0)
    assert.deepEqual(fallback.sent, ['```js\ntwo()\n```\nend'])
  })

  it('sends all of an answer that has become another one', async () => {
    for (const [shown, text] of [['Thinking…', 'The answer is 42.'], ['思考中…', '思路是这样的。'], ['one two', 'one too many']]) {
      const { clock, fallback, poll, open } = createTurns()
      const turn = open()
      const id = (await turn.say({ text: shown }))!
      await clock.pass(330 * SECOND)
      poll(turn)
      turn.edit(id, { text })
      turn.endChain()
      await clock.pass(0)
      assert.deepEqual(fallback.sent, [text])
    }
  })

  it('says that nothing came where nothing did', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), '(later)■')
    turn.endChain()
    await clock.pass(0)
    assert.deepEqual(fallback.sent, ['(silent)'])
  })

  it('says, once, that nothing more comes where all had been shown', async () => {
    const { turns, clock, fallback, poll, open } = createTurns()
    const turn = open()
    const id = (await turn.say({ text: 'all of it' }))!
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), 'all of it\n\n(later)■')
    turn.edit(id, { text: 'all of it\n' })
    turn.endChain()
    await clock.pass(0)
    assert.deepEqual(fallback.sent, ['(complete)'])
    turn.beginSend()
    turn.endSend()
    await clock.pass(11 * MINUTE)
    assert.deepEqual(fallback.sent, ['(complete)'])
    assert.equal(turns.size, 0)
  })

  it('says nothing of an end where what had been shown was taken back and said elsewhere', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    const id = (await turn.say({ text: 'one' }))!
    await clock.pass(330 * SECOND)
    poll(turn)
    turn.remove(id)
    await turn.say({ text: 'two' })
    turn.endChain()
    await clock.pass(0)
    assert.deepEqual(fallback.sent, ['two'])
  })

  it('says nothing of an end to who was not told of more', async () => {
    const { clock, fallback, lost, poll, open } = createTurns()
    fallback.open = false
    const turn = open()
    await turn.say({ text: 'all of it' })
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), 'all of it\n\n(cut off)■')
    fallback.open = true
    turn.endChain()
    await clock.pass(MINUTE)
    assert.deepEqual([fallback.sent, lost], [[], []])
  })

  it('says nothing of an end where the way it was promised for has gone', async () => {
    const { turns, clock, fallback, lost, poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: 'all of it' })
    await clock.pass(330 * SECOND)
    poll(turn)
    fallback.open = false
    turn.endChain()
    await clock.pass(11 * MINUTE)
    assert.deepEqual([fallback.sent, lost], [[], []])
    assert.equal(turns.size, 0)
  })

  it('sends a card that came too late in words, and one that was there not at all', async () => {
    for (const wasThere of [true, false]) {
      const { clock, fallback, poll, open } = createTurns({ cards: true })
      const turn = open()
      await turn.say({ text: 'look', card: wasThere ? cards.news_notice : undefined })
      if (wasThere) turn.turn.markCardSent(0)
      await clock.pass(330 * SECOND)
      poll(turn)
      if (!wasThere) await turn.say({ text: '', card: cards.news_notice })
      turn.endChain()
      await clock.pass(0)
      assert.deepEqual(fallback.sent, [wasThere ? '(complete)' : '[卡片] 早报'])
    }
  })

  it('sends pictures that no frame could have', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: 'look', images: [{ base64: 'AAAA', md5: '0' }] })
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), 'look\n\n(later)■')
    turn.endChain()
    await clock.pass(0)
    assert.deepEqual(fallback.sent, ['[图片]'])
  })

  it('closes an answer that is longer than a bubble, and continues it where the bubble ended', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    const words = Array.from({ length: 5000 }, (_, index) => `w${index}`)
    await turn.say({ text: words.join(' ') })
    await clock.pass(330 * SECOND)
    const shown = poll(turn)!.replace('\n\n(later)■', '')
    turn.endChain()
    await clock.pass(0)
    assert.equal(`${shown} ${fallback.sent.join(' ')}`, words.join(' '))
  })

  it('sends an answer that nobody polls for', async () => {
    const { clock, fallback, open } = createTurns()
    const turn = open()
    turn.frame()
    await clock.pass(7 * MINUTE)
    await turn.say({ text: 'late' })
    turn.endChain()
    await clock.pass(10 * SECOND)
    assert.deepEqual(fallback.sent, ['late'])
  })
})

describe('a turn that never ends', () => {
  it('is given up after 55 minutes, and what was said goes out', async () => {
    const { turns, clock, fallback, hung, open } = createTurns()
    const turn = open()
    turn.frame()
    await turn.say({ text: 'half' })
    await clock.pass(55 * MINUTE)
    assert.deepEqual(hung, [turn.turn])
    await clock.pass(10 * SECOND)
    assert.deepEqual(fallback.sent, ['half'])
    await clock.pass(11 * MINUTE)
    assert.equal(turns.size, 0)
    assert.equal(clock.pending, 0)
  })

  it('is given up with the rest of what its stream showed', async () => {
    const { turns, clock, fallback, hung, poll, open } = createTurns()
    const turn = open()
    const id = (await turn.say({ text: 'one' }))!
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), 'one\n\n(later)■')
    turn.edit(id, { text: 'one two' })
    await clock.pass(50 * MINUTE)
    assert.deepEqual(hung, [turn.turn])
    assert.deepEqual(fallback.sent, ['two'])
    await clock.pass(11 * MINUTE)
    assert.equal(turns.size, 0)
  })

  it('is given up with a word to who was promised more', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    await clock.pass(330 * SECOND)
    assert.equal(poll(turn), '(later)■')
    await clock.pass(50 * MINUTE)
    assert.deepEqual(fallback.sent, ['(silent)'])
  })

  it('is forgotten where nobody was promised anything', async () => {
    const { turns, clock, fallback, hung, open } = createTurns()
    open()
    await clock.pass(55 * MINUTE)
    assert.equal(hung.length, 1)
    assert.equal(turns.size, 0)
    assert.equal(clock.pending, 0)
    assert.deepEqual(fallback.sent, [])
  })
})

describe('a chain whose end Koishi never tells', () => {
  for (const streaming of [true, false]) {
    it(`ends five seconds after its middleware returned, ${streaming ? 'in a stream nobody polls' : 'without streams'}`, async () => {
      const { clock, fallback, open } = createTurns({ streaming })
      const turn = open()
      if (streaming) turn.frame()
      await turn.say({ text: 'hello' })
      turn.middlewareReturned()
      await clock.pass(5 * SECOND - 1)
      assert.equal(turn.turn.isEnded, false)
      await clock.pass(1)
      assert.equal(turn.turn.isEnded, true)
      await clock.pass(10 * SECOND)
      assert.deepEqual(fallback.sent, ['hello'])
    })
  }

  it('does not end while a message is on its way', async () => {
    const { clock, poll, open } = createTurns()
    const turn = open()
    turn.middlewareReturned()
    turn.beginSend()
    await clock.pass(20 * SECOND)
    await turn.say({ text: 'slow' })
    assert.equal(poll(turn), 'slow')
    turn.endSend()
    assert.equal(poll(turn), 'slow■')
  })

  it('leaves no timer where it is told after all', async () => {
    const { turns, clock, open } = createTurns()
    const turn = open()
    turn.middlewareReturned()
    turn.endChain()
    await clock.pass(10 * MINUTE)
    assert.equal(clock.pending, 0)
    const other = open({ msgId: 'OTHER' })
    other.middlewareReturned()
    turns.dispose()
    assert.equal(clock.pending, 0)
  })
})
