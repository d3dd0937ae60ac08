import assert from 'node:assert/strict'
import { DeliveryError } from '../../src/api/delivery-error'
import { cards } from '../support/cards'
import { MINUTE, SECOND, createTurns } from '../support/turns'

describe('TurnController: a final frame that is not fetched', () => {
  it('is sent as a message after a while, once', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: 'hello' })
    turn.endChain()
    await clock.advance(10 * SECOND - 1)
    assert.deepEqual(fallback.sent, [])
    await clock.advance(1)
    assert.deepEqual(fallback.sent, ['hello'])
    assert.equal(poll(turn), '(elsewhere)■')
    await clock.advance(MINUTE)
    assert.equal(poll(turn), '(elsewhere)■')
    assert.deepEqual(fallback.sent, ['hello'])
  })

  it('counts as fetched once the response is complete', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: 'hello' })
    turn.endChain()
    assert.equal(poll(turn, false), 'hello■')
    await clock.advance(10 * SECOND)
    assert.deepEqual(fallback.sent, ['hello'])
  })

  it('is fetched by a later poll in time if the connection broke before', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: 'hello' })
    turn.endChain()
    poll(turn, false)
    await clock.advance(9 * SECOND)
    assert.equal(poll(turn), 'hello■')
    await clock.advance(MINUTE)
    assert.deepEqual(fallback.sent, [])
  })

  it('is not shown to a poll while it is being sent as a message', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: 'hello' })
    turn.endChain()
    fallback.delay(3 * SECOND)
    await clock.advance(11 * SECOND)
    assert.equal(poll(turn), 'hello')
    await clock.advance(2 * SECOND)
    assert.equal(poll(turn), '(elsewhere)■')
    assert.deepEqual(fallback.sent, ['hello'])
  })

  it('stays in the bubble if it could not be sent', async () => {
    for (const open of [true, false]) {
      const world = createTurns()
      const { turns, clock, fallback, poll } = world
      fallback.open = open
      if (open) fallback.fail()
      const turn = world.open()
      poll(turn)
      await turn.say({ text: 'hello' })
      turn.endChain()
      await clock.advance(MINUTE)
      assert.equal(poll(turn), 'hello■')
      assert.equal(world.lost.length, open ? 1 : 0)
      await clock.advance(10 * MINUTE)
      assert.equal(turns.size, 0)
      assert.deepEqual(fallback.sent, [])
    }
  })

  it('is not sent if it has no content or no visible text', async () => {
    for (const text of ['', ' \n', '<think></think>']) {
      const { clock, fallback, poll, open } = createTurns()
      const turn = open()
      poll(turn)
      await turn.say({ text })
      turn.endChain()
      await clock.advance(MINUTE)
      assert.deepEqual(fallback.sent, [])
    }
  })

  it('is sent with its card as text, whether or not the card was delivered', async () => {
    const { clock, fallback, open } = createTurns({ cards: true })
    const turn = open()
    await turn.say({ text: 'look', card: cards.news_notice })
    turn.frame()
    turn.turn.markCardSent(0)
    turn.endChain()
    await clock.advance(10 * SECOND)
    assert.deepEqual(fallback.sent, ['look\n\n[卡片] 早报'])
  })

  it('is sent with its images', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: 'look', images: [{ base64: 'AAAA', md5: '0' }] })
    turn.endChain()
    await clock.advance(10 * SECOND)
    assert.deepEqual(fallback.sent, ['look\n\n[图片]'])
  })

  it('is not sent again without a confirmation', async () => {
    const world = createTurns()
    const { clock, fallback, poll, open } = world
    const turn = open()
    poll(turn)
    await turn.say({ text: 'hello' })
    turn.endChain()
    fallback.fail(5, 5)
    await clock.advance(10 * SECOND)
    assert.equal(world.lost.length, 1)
    assert.equal(poll(turn), '(5 unconfirmed)■')
    turn.beginSend()
    await turn.say({ text: 'more' })
    turn.endSend()
    await clock.advance(MINUTE)
    assert.deepEqual(fallback.sent, ['more'])
    assert.equal(poll(turn), '(5 unconfirmed)■')
  })

  it('tells a late poll how much of it is missing', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: 'hello' })
    turn.endChain()
    fallback.fail(2)
    await clock.advance(10 * SECOND)
    assert.equal(poll(turn), '(elsewhere)\n\n(2 lost)■')
  })

  it('counts as sent if it is deferred until the next start', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: 'hello' })
    turn.endChain()
    fallback.outcomes.push(async () => {
      throw new DeliveryError('wecom-bot/delivery-deferred', 5, 'deferred')
    })
    await clock.advance(10 * SECOND)
    assert.equal(poll(turn), '(elsewhere)■')
  })
})

describe('TurnController: an answer longer than the bubble', () => {
  const words = Array.from({ length: 5000 }, (_, index) => `w${index}`).join(' ')
  const join = (...parts: (string | undefined)[]) => parts.join(' ')

  it('is continued outside before the final frame says so', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: words })
    fallback.delay(2 * SECOND)
    turn.endChain()
    await clock.advance(SECOND)
    assert.ok(!poll(turn)!.includes('■'))
    await clock.advance(SECOND)
    const shown = poll(turn)!
    assert.ok(shown.endsWith('\n\n(continued)■'))
    assert.equal(join(shown.replace('\n\n(continued)■', ''), ...fallback.sent), words)
  })

  it('says how much is missing without a way out', async () => {
    for (const open of [true, false]) {
      const world = createTurns()
      const { clock, fallback, poll } = world
      fallback.open = open
      if (open) fallback.fail()
      const turn = world.open()
      await turn.say({ text: words })
      turn.endChain()
      await clock.advance(0)
      const [, shown, lost] = /^([^]*)\n\n\((\d+) lost\)■$/.exec(poll(turn)!)!
      assert.ok(words.startsWith(shown))
      assert.ok(Math.abs(words.length - shown.length - Number(lost)) < 64, lost)
      assert.equal(world.lost.length, 1)
    }
  })

  it('says how much is missing if only a part was delivered', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: words })
    fallback.fail(7)
    turn.endChain()
    await clock.advance(0)
    assert.match(poll(turn)!, /\(continued\)\n\n\(7 lost\)■$/)
  })

  it('says how much was not confirmed, and sends none of it again', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: words })
    fallback.outcomes.push(async (text) => {
      throw new DeliveryError('wecom-bot/delivery-unconfirmed', text.length, 'unknown', text.length)
    })
    turn.endChain()
    await clock.advance(0)
    const shown = poll(turn, false)!
    assert.match(shown, /\n\n\(\d+ unconfirmed\)■$/)
    await clock.advance(MINUTE)
    assert.deepEqual(fallback.sent, [shown.replace('■', '')])
    assert.equal(poll(turn), '(elsewhere)■')
  })

  it('says what is continued, not confirmed and missing, within the size limit', async () => {
    const { clock, fallback, open } = createTurns()
    const turn = open()
    await turn.say({ text: words })
    fallback.fail(9, 7)
    turn.endChain()
    await clock.advance(0)
    const { content } = turn.frame()!
    assert.match(content, /\(continued\)\n\n\(7 unconfirmed\)\n\n\(2 lost\)$/)
    assert.ok(Buffer.byteLength(content) <= 20480)
  })

  it('is sent as a whole if its final frame is not fetched and nothing was delivered before', async () => {
    const { clock, fallback, open } = createTurns()
    const turn = open()
    turn.frame()
    await turn.say({ text: words })
    fallback.fail()
    turn.endChain()
    await clock.advance(MINUTE)
    assert.deepEqual(fallback.sent, [words])
  })

  it('is sent with its images if its final frame is not fetched', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: words, images: [{ base64: 'AAAA', md5: '0' }] })
    turn.endChain()
    await clock.advance(MINUTE)
    assert.equal(fallback.sent.length, 2)
    assert.ok(fallback.sent[1].endsWith('\n\n[图片]'))
  })

  it('logs every character that is lost after it was handed over', async () => {
    const { clock, fallback, lost, poll, open } = createTurns()
    const turn = open()
    const id = (await turn.say({ text: 'w0' }))!
    await clock.advance(330 * SECOND)
    poll(turn)
    turn.edit(id, { text: words })
    fallback.fail(9)
    turn.endChain()
    await clock.advance(MINUTE)
    assert.equal(lost.length, 1)
    assert.deepEqual(fallback.sent, [])
    assert.equal(poll(turn), 'w0\n\n(later)■')
  })

  it('is continued once if a message is added before the final frame is fetched', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: words })
    turn.endChain()
    await clock.advance(0)
    turn.beginSend()
    assert.equal(await turn.say({ text: 'more' }), undefined)
    turn.endSend()
    await clock.advance(0)
    const shown = poll(turn)!
    assert.equal(join(shown.replace('\n\n(continued)■', ''), ...fallback.sent), `${words} more`)
  })

  it('is continued once if the final frame is not fetched', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: words })
    turn.endChain()
    await clock.advance(MINUTE)
    assert.equal(fallback.sent.length, 2)
    assert.equal(join(fallback.sent[1], fallback.sent[0]), words)
    assert.equal(poll(turn), '(elsewhere)■')
  })

  it('is closed in time if the continuation is slow', async () => {
    const { turns, clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: words })
    fallback.delay(20 * MINUTE)
    turn.endChain()
    await clock.advance(330 * SECOND)
    assert.match(poll(turn)!, /\(continued\)■$/)
    await clock.advance(20 * MINUTE)
    assert.equal(fallback.sent.length, 1)
    assert.match(poll(turn)!, /\(continued\)■$/)
    await clock.advance(11 * MINUTE)
    assert.equal(turns.size, 0)
  })
})
