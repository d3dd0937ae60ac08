import assert from 'node:assert/strict'
import { DeliveryError } from '../../src/api/delivery-error'
import { cards } from '../support/cards'
import { MINUTE, SECOND, createTurns } from '../support/turns'

describe('a last frame that nobody fetches', () => {
  it('goes another way after a while, once', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: 'hello' })
    turn.endChain()
    await clock.pass(10 * SECOND - 1)
    assert.deepEqual(fallback.sent, [])
    await clock.pass(1)
    assert.deepEqual(fallback.sent, ['hello'])
    assert.equal(poll(turn), '(elsewhere)■')
    await clock.pass(MINUTE)
    assert.equal(poll(turn), '(elsewhere)■')
    assert.deepEqual(fallback.sent, ['hello'])
  })

  it('counts as fetched only when the response has arrived', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: 'hello' })
    turn.endChain()
    assert.equal(poll(turn, false), 'hello■')
    await clock.pass(10 * SECOND)
    assert.deepEqual(fallback.sent, ['hello'])
  })

  it('is fetched by the poll that comes in time, although the one before it broke off', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: 'hello' })
    turn.endChain()
    poll(turn, false)
    await clock.pass(9 * SECOND)
    assert.equal(poll(turn), 'hello■')
    await clock.pass(MINUTE)
    assert.deepEqual(fallback.sent, [])
  })

  it('waits for the poll that comes while it is on another way', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: 'hello' })
    turn.endChain()
    fallback.delay(3 * SECOND)
    await clock.pass(11 * SECOND)
    assert.equal(poll(turn), 'hello')
    await clock.pass(2 * SECOND)
    assert.equal(poll(turn), '(elsewhere)■')
    assert.deepEqual(fallback.sent, ['hello'])
  })

  it('stays where it is if the other way fails, or there is none', async () => {
    for (const open of [true, false]) {
      const world = createTurns()
      const { turns, clock, fallback, poll } = world
      fallback.open = open
      if (open) fallback.fail()
      const turn = world.open()
      poll(turn)
      await turn.say({ text: 'hello' })
      turn.endChain()
      await clock.pass(MINUTE)
      assert.equal(poll(turn), 'hello■')
      assert.equal(world.lost.length, open ? 1 : 0)
      await clock.pass(10 * MINUTE)
      assert.equal(turns.size, 0)
      assert.deepEqual(fallback.sent, [])
    }
  })

  it('is not sent where there is nothing in it, or nothing to be seen', async () => {
    for (const text of ['', ' \n', '<think></think>']) {
      const { clock, fallback, poll, open } = createTurns()
      const turn = open()
      poll(turn)
      await turn.say({ text })
      turn.endChain()
      await clock.pass(MINUTE)
      assert.deepEqual(fallback.sent, [])
    }
  })

  it('goes another way with a word of its card, whether or not that was fetched', async () => {
    const { clock, fallback, open } = createTurns({ cards: true })
    const turn = open()
    await turn.say({ text: 'look', card: cards.news_notice })
    turn.frame()
    turn.turn.markCardSent(0)
    turn.endChain()
    await clock.pass(10 * SECOND)
    assert.deepEqual(fallback.sent, ['look\n\n[卡片] 早报'])
  })

  it('goes another way with its pictures', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: 'look', images: [{ base64: 'AAAA', md5: '0' }] })
    turn.endChain()
    await clock.pass(10 * SECOND)
    assert.deepEqual(fallback.sent, ['look\n\n[图片]'])
  })

  it('does not go out a second time where nobody knows whether it arrived', async () => {
    const world = createTurns()
    const { clock, fallback, poll, open } = world
    const turn = open()
    poll(turn)
    await turn.say({ text: 'hello' })
    turn.endChain()
    fallback.fail(5, 5)
    await clock.pass(10 * SECOND)
    assert.equal(world.lost.length, 1)
    assert.equal(poll(turn), '(5 unconfirmed)■')
    turn.beginSend()
    await turn.say({ text: 'more' })
    turn.endSend()
    await clock.pass(MINUTE)
    assert.deepEqual(fallback.sent, ['more'])
    assert.equal(poll(turn), '(5 unconfirmed)■')
  })

  it('says to who comes after all what of it is missing', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: 'hello' })
    turn.endChain()
    fallback.fail(2)
    await clock.pass(10 * SECOND)
    assert.equal(poll(turn), '(elsewhere)\n\n(2 lost)■')
  })

  it('counts as sent where it waits for the next start', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: 'hello' })
    turn.endChain()
    fallback.outcomes.push(async () => {
      throw new DeliveryError('wecom-bot/delivery-deferred', 5, 'deferred')
    })
    await clock.pass(10 * SECOND)
    assert.equal(poll(turn), '(elsewhere)■')
  })
})

describe('an answer that is longer than a bubble', () => {
  const words = Array.from({ length: 5000 }, (_, index) => `w${index}`).join(' ')
  const join = (...parts: (string | undefined)[]) => parts.join(' ')

  it('continues on another way before its last frame says so', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: words })
    fallback.delay(2 * SECOND)
    turn.endChain()
    await clock.pass(SECOND)
    assert.ok(!poll(turn)!.includes('■'))
    await clock.pass(SECOND)
    const shown = poll(turn)!
    assert.ok(shown.endsWith('\n\n(continued)■'))
    assert.equal(join(shown.replace('\n\n(continued)■', ''), ...fallback.sent), words)
  })

  it('says how much is missing where there is no other way', async () => {
    for (const open of [true, false]) {
      const world = createTurns()
      const { clock, fallback, poll } = world
      fallback.open = open
      if (open) fallback.fail()
      const turn = world.open()
      await turn.say({ text: words })
      turn.endChain()
      await clock.pass(0)
      const [, shown, lost] = /^([^]*)\n\n\((\d+) lost\)■$/.exec(poll(turn)!)!
      assert.ok(words.startsWith(shown))
      assert.ok(Math.abs(words.length - shown.length - Number(lost)) < 64, lost)
      assert.equal(world.lost.length, 1)
    }
  })

  it('says how much is missing where only a part got out', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: words })
    fallback.fail(7)
    turn.endChain()
    await clock.pass(0)
    assert.match(poll(turn)!, /\(continued\)\n\n\(7 lost\)■$/)
  })

  it('says how much of what continues was not confirmed, and sends none of it again', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: words })
    fallback.outcomes.push(async (text) => {
      throw new DeliveryError('wecom-bot/delivery-unconfirmed', text.length, 'unknown', text.length)
    })
    turn.endChain()
    await clock.pass(0)
    const shown = poll(turn, false)!
    assert.match(shown, /\n\n\(\d+ unconfirmed\)■$/)
    await clock.pass(MINUTE)
    assert.deepEqual(fallback.sent, [shown.replace('■', '')])
    assert.equal(poll(turn), '(elsewhere)■')
  })

  it('says what continues, what was not confirmed and what is missing, within the limit', async () => {
    const { clock, fallback, open } = createTurns()
    const turn = open()
    await turn.say({ text: words })
    fallback.fail(9, 7)
    turn.endChain()
    await clock.pass(0)
    const { content } = turn.frame()!
    assert.match(content, /\(continued\)\n\n\(7 unconfirmed\)\n\n\(2 lost\)$/)
    assert.ok(Buffer.byteLength(content) <= 20480)
  })

  it('goes out whole where nobody fetches its last frame and nothing had got out before', async () => {
    const { clock, fallback, open } = createTurns()
    const turn = open()
    turn.frame()
    await turn.say({ text: words })
    fallback.fail()
    turn.endChain()
    await clock.pass(MINUTE)
    assert.deepEqual(fallback.sent, [words])
  })

  it('has its pictures sent along where nobody fetches its last frame', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: words, images: [{ base64: 'AAAA', md5: '0' }] })
    turn.endChain()
    await clock.pass(MINUTE)
    assert.equal(fallback.sent.length, 2)
    assert.ok(fallback.sent[1].endsWith('\n\n[图片]'))
  })

  it('that was handed over and is longer than the ways out take loses no word without the log', async () => {
    const { clock, fallback, lost, poll, open } = createTurns()
    const turn = open()
    const id = (await turn.say({ text: 'w0' }))!
    await clock.pass(330 * SECOND)
    poll(turn)
    turn.edit(id, { text: words })
    fallback.fail(9)
    turn.endChain()
    await clock.pass(MINUTE)
    assert.equal(lost.length, 1)
    assert.deepEqual(fallback.sent, [])
    assert.equal(poll(turn), 'w0\n\n(later)■')
  })

  it('continues once, although more is said before its last frame is fetched', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: words })
    turn.endChain()
    await clock.pass(0)
    turn.beginSend()
    assert.equal(await turn.say({ text: 'more' }), undefined)
    turn.endSend()
    await clock.pass(0)
    const shown = poll(turn)!
    assert.equal(join(shown.replace('\n\n(continued)■', ''), ...fallback.sent), `${words} more`)
  })

  it('continues once, although nobody fetches its last frame', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: words })
    turn.endChain()
    await clock.pass(MINUTE)
    assert.equal(fallback.sent.length, 2)
    assert.equal(join(fallback.sent[1], fallback.sent[0]), words)
    assert.equal(poll(turn), '(elsewhere)■')
  })

  it('closes in time although the other way is slow', async () => {
    const { turns, clock, fallback, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turn.say({ text: words })
    fallback.delay(20 * MINUTE)
    turn.endChain()
    await clock.pass(330 * SECOND)
    assert.match(poll(turn)!, /\(continued\)■$/)
    await clock.pass(20 * MINUTE)
    assert.equal(fallback.sent.length, 1)
    assert.match(poll(turn)!, /\(continued\)■$/)
    await clock.pass(11 * MINUTE)
    assert.equal(turns.size, 0)
  })
})
