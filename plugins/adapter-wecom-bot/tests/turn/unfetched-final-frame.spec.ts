import assert from 'node:assert/strict'
import { DeliveryError } from '../../src/api/delivery-error'
import { cards } from '../support/cards'
import { MINUTE, SECOND, createTurns } from '../support/turns'

describe('a last frame that nobody fetches', () => {
  it('goes another way after a while, once', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: 'hello' })
    turn.chainEnded()
    await clock.pass(10 * SECOND - 1)
    assert.deepEqual(outlet.sent, [])
    await clock.pass(1)
    assert.deepEqual(outlet.sent, ['hello'])
    assert.equal(poll(turn), '(elsewhere)■')
    await clock.pass(MINUTE)
    assert.equal(poll(turn), '(elsewhere)■')
    assert.deepEqual(outlet.sent, ['hello'])
  })

  it('counts as fetched only when the response has arrived', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    await turns.say(turn, { text: 'hello' })
    turn.chainEnded()
    assert.equal(poll(turn, false), 'hello■')
    await clock.pass(10 * SECOND)
    assert.deepEqual(outlet.sent, ['hello'])
  })

  it('is fetched by the poll that comes in time, although the one before it broke off', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    await turns.say(turn, { text: 'hello' })
    turn.chainEnded()
    poll(turn, false)
    await clock.pass(9 * SECOND)
    assert.equal(poll(turn), 'hello■')
    await clock.pass(MINUTE)
    assert.deepEqual(outlet.sent, [])
  })

  it('waits for the poll that comes while it is on another way', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: 'hello' })
    turn.chainEnded()
    outlet.delay(clock, 3 * SECOND)
    await clock.pass(11 * SECOND)
    assert.equal(poll(turn), 'hello')
    await clock.pass(2 * SECOND)
    assert.equal(poll(turn), '(elsewhere)■')
    assert.deepEqual(outlet.sent, ['hello'])
  })

  it('stays where it is if the other way fails, or there is none', async () => {
    for (const open of [true, false]) {
      const world = createTurns()
      const { turns, clock, outlet, poll } = world
      outlet.open = open
      if (open) outlet.fail()
      const turn = world.open()
      poll(turn)
      await turns.say(turn, { text: 'hello' })
      turn.chainEnded()
      await clock.pass(MINUTE)
      assert.equal(poll(turn), 'hello■')
      assert.equal(world.lost.length, open ? 1 : 0)
      await clock.pass(10 * MINUTE)
      assert.equal(turns.size, 0)
      assert.deepEqual(outlet.sent, [])
    }
  })

  it('is not sent where there is nothing in it, or nothing to be seen', async () => {
    for (const text of ['', ' \n', '<think></think>']) {
      const { turns, clock, outlet, poll, open } = createTurns()
      const turn = open()
      poll(turn)
      await turns.say(turn, { text })
      turn.chainEnded()
      await clock.pass(MINUTE)
      assert.deepEqual(outlet.sent, [])
    }
  })

  it('goes another way with a word of its card, whether or not that was fetched', async () => {
    const { turns, clock, outlet, open } = createTurns({ cards: true })
    const turn = open()
    await turns.say(turn, { text: 'look', card: cards.news_notice })
    turns.frame(turn)
    turn.spendCard(0)
    turn.chainEnded()
    await clock.pass(10 * SECOND)
    assert.deepEqual(outlet.sent, ['look\n\n[卡片] 早报'])
  })

  it('goes another way with its pictures', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: 'look', images: [{ base64: 'AAAA', md5: '0' }] })
    turn.chainEnded()
    await clock.pass(10 * SECOND)
    assert.deepEqual(outlet.sent, ['look\n\n[图片]'])
  })

  it('does not go out a second time where nobody knows whether it arrived', async () => {
    const world = createTurns()
    const { turns, clock, outlet, poll, open } = world
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: 'hello' })
    turn.chainEnded()
    outlet.fail(5, 5)
    await clock.pass(10 * SECOND)
    assert.equal(world.lost.length, 1)
    assert.equal(poll(turn), '(5 unconfirmed)■')
    turn.sending()
    await turns.say(turn, { text: 'more' })
    turn.sent()
    await clock.pass(MINUTE)
    assert.deepEqual(outlet.sent, ['more'])
    assert.equal(poll(turn), '(5 unconfirmed)■')
  })

  it('says to who comes after all what of it is missing', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: 'hello' })
    turn.chainEnded()
    outlet.fail(2)
    await clock.pass(10 * SECOND)
    assert.equal(poll(turn), '(elsewhere)\n\n(2 lost)■')
  })

  it('counts as sent where it waits for the next start', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: 'hello' })
    turn.chainEnded()
    outlet.fates.push(async () => {
      throw new DeliveryError('deferred', 5, 'deferred')
    })
    await clock.pass(10 * SECOND)
    assert.equal(poll(turn), '(elsewhere)■')
  })
})

describe('an answer that is longer than a bubble', () => {
  const words = Array.from({ length: 5000 }, (_, index) => `w${index}`).join(' ')
  const join = (...parts: (string | undefined)[]) => parts.join(' ')

  it('continues on another way before its last frame says so', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: words })
    outlet.delay(clock, 2 * SECOND)
    turn.chainEnded()
    await clock.pass(SECOND)
    assert.ok(!poll(turn)!.includes('■'))
    await clock.pass(SECOND)
    const shown = poll(turn)!
    assert.ok(shown.endsWith('\n\n(continued)■'))
    assert.equal(join(shown.replace('\n\n(continued)■', ''), ...outlet.sent), words)
  })

  it('says how much is missing where there is no other way', async () => {
    for (const open of [true, false]) {
      const world = createTurns()
      const { turns, clock, outlet, poll } = world
      outlet.open = open
      if (open) outlet.fail()
      const turn = world.open()
      await turns.say(turn, { text: words })
      turn.chainEnded()
      await clock.pass(0)
      const [, shown, lost] = /^([^]*)\n\n\((\d+) lost\)■$/.exec(poll(turn)!)!
      assert.ok(words.startsWith(shown))
      assert.ok(Math.abs(words.length - shown.length - Number(lost)) < 64, lost)
      assert.equal(world.lost.length, 1)
    }
  })

  it('says how much is missing where only a part got out', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    await turns.say(turn, { text: words })
    outlet.fail(7)
    turn.chainEnded()
    await clock.pass(0)
    assert.match(poll(turn)!, /\(continued\)\n\n\(7 lost\)■$/)
  })

  it('says how much of what continues was not confirmed, and sends none of it again', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    await turns.say(turn, { text: words })
    outlet.fates.push(async (text) => {
      throw new DeliveryError('unknown', text.length, 'unknown', text.length)
    })
    turn.chainEnded()
    await clock.pass(0)
    const shown = poll(turn, false)!
    assert.match(shown, /\n\n\(\d+ unconfirmed\)■$/)
    await clock.pass(MINUTE)
    assert.deepEqual(outlet.sent, [shown.replace('■', '')])
    assert.equal(poll(turn), '(elsewhere)■')
  })

  it('says what continues, what was not confirmed and what is missing, within the limit', async () => {
    const { turns, clock, outlet, open } = createTurns()
    const turn = open()
    await turns.say(turn, { text: words })
    outlet.fail(9, 7)
    turn.chainEnded()
    await clock.pass(0)
    const { content } = turns.frame(turn)!
    assert.match(content, /\(continued\)\n\n\(7 unconfirmed\)\n\n\(2 lost\)$/)
    assert.ok(Buffer.byteLength(content) <= 20480)
  })

  it('goes out whole where nobody fetches its last frame and nothing had got out before', async () => {
    const { turns, clock, outlet, open } = createTurns()
    const turn = open()
    turns.frame(turn)
    await turns.say(turn, { text: words })
    outlet.fail()
    turn.chainEnded()
    await clock.pass(MINUTE)
    assert.deepEqual(outlet.sent, [words])
  })

  it('has its pictures sent along where nobody fetches its last frame', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: words, images: [{ base64: 'AAAA', md5: '0' }] })
    turn.chainEnded()
    await clock.pass(MINUTE)
    assert.equal(outlet.sent.length, 2)
    assert.ok(outlet.sent[1].endsWith('\n\n[图片]'))
  })

  it('that was handed over and is longer than the ways out take loses no word without the log', async () => {
    const { turns, clock, outlet, lost, poll, open } = createTurns()
    const turn = open()
    const id = (await turns.say(turn, { text: 'w0' }))!
    await clock.pass(330 * SECOND)
    poll(turn)
    turns.rewrite(turn, id, { text: words })
    outlet.fail(9)
    turn.chainEnded()
    await clock.pass(MINUTE)
    assert.equal(lost.length, 1)
    assert.deepEqual(outlet.sent, [])
    assert.equal(poll(turn), 'w0\n\n(later)■')
  })

  it('continues once, although more is said before its last frame is fetched', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: words })
    turn.chainEnded()
    await clock.pass(0)
    turn.sending()
    assert.equal(await turns.say(turn, { text: 'more' }), undefined)
    turn.sent()
    await clock.pass(0)
    const shown = poll(turn)!
    assert.equal(join(shown.replace('\n\n(continued)■', ''), ...outlet.sent), `${words} more`)
  })

  it('continues once, although nobody fetches its last frame', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: words })
    turn.chainEnded()
    await clock.pass(MINUTE)
    assert.equal(outlet.sent.length, 2)
    assert.equal(join(outlet.sent[1], outlet.sent[0]), words)
    assert.equal(poll(turn), '(elsewhere)■')
  })

  it('closes in time although the other way is slow', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    await turns.say(turn, { text: words })
    outlet.delay(clock, 20 * MINUTE)
    turn.chainEnded()
    await clock.pass(330 * SECOND)
    assert.match(poll(turn)!, /\(continued\)■$/)
    await clock.pass(20 * MINUTE)
    assert.equal(outlet.sent.length, 1)
    assert.match(poll(turn)!, /\(continued\)■$/)
    await clock.pass(11 * MINUTE)
    assert.equal(turns.size, 0)
  })
})
