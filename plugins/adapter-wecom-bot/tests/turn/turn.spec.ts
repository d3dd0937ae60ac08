import assert from 'node:assert/strict'
import { cards } from '../support/cards'
import { MINUTE, SECOND, createTurns, message } from '../support/turns'

describe('a turn', () => {
  it('that ends in time has one frame, and the same for ever', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    const settled = turns.settled(turn, 100)
    await turns.say(turn, { text: 'hello' })
    turn.chainEnded()
    await settled
    for (let round = 0; round < 3; round++) {
      assert.equal(poll(turn), 'hello■')
      await clock.pass(SECOND)
    }
    await clock.pass(MINUTE)
    assert.deepEqual(outlet.sent, [])
  })

  it('in which nothing is said has no bubble', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    const turn = open()
    turn.chainEnded()
    await turns.settled(turn, 100)
    assert.equal(poll(turn), undefined)
    await clock.pass(10 * MINUTE)
    assert.deepEqual(outlet.sent, [])
    assert.equal(turns.size, 0)
  })

  it('waits for its end so long and no longer', async () => {
    const { turns, clock, open } = createTurns()
    let settled = false
    void turns.settled(open(), 100).then(() => settled = true)
    await clock.pass(99)
    assert.equal(settled, false)
    await clock.pass(1)
    assert.equal(settled, true)
  })

  it('shows a placeholder, then the newest text, then all of it', async () => {
    const { turns, poll, open } = createTurns()
    const turn = open()
    assert.equal(poll(turn), '<think></think>')
    const id = (await turns.say(turn, { text: 'a' }))!
    assert.equal(poll(turn), 'a')
    assert.ok(turns.rewrite(turn, id, { text: 'ab\n```js\ncode' }))
    assert.equal(poll(turn), 'ab\n```js\ncode\n```')
    await turns.say(turn, { text: 'c' })
    assert.equal(poll(turn), 'ab\n```js\ncode\n```\n\nc')
    turn.chainEnded()
    assert.equal(poll(turn), 'ab\n```js\ncode\n```\n\nc■')
  })

  it('does not end while a message is on its way', async () => {
    const { turns, poll, open } = createTurns()
    const turn = open()
    turn.sending()
    turn.chainEnded()
    assert.equal(poll(turn), '<think></think>')
    await turns.say(turn, { text: 'a' })
    turn.sent()
    assert.equal(poll(turn), 'a■')
  })

  it('never closes with nothing to be seen', async () => {
    for (const text of ['', ' \n\t', '\u200b\u2060\ufeff', '<think></think>', '<think>\n</think> ', '\u3164', '\u2800']) {
      const { turns, poll, open } = createTurns()
      const turn = open()
      poll(turn)
      await turns.say(turn, { text })
      turn.chainEnded()
      assert.equal(poll(turn), '(silent)■', JSON.stringify(text))
    }
  })

  it('never has a frame that WeCom refuses for its size', async () => {
    for (const character of ['x', 'é', '企', '😀']) {
      const { turns, clock, outlet, open } = createTurns()
      const turn = open()
      await turns.say(turn, { text: character.repeat(30_000) })
      const frames = [turns.frame(turn)]
      turn.chainEnded()
      await clock.pass(0)
      frames.push(turns.frame(turn))
      for (const frame of frames) assert.ok(Buffer.byteLength(frame!.content) <= 20480)
      assert.deepEqual([frames[0]!.finish, frames[1]!.finish], [false, true])
      const shown = frames[1]!.content.replace('\n\n(continued)', '')
      assert.equal(shown + outlet.sent.join(''), character.repeat(30_000))
    }
  })

  it('shows images with its last frame only', async () => {
    const { turns, open } = createTurns()
    const turn = open()
    const images = [{ base64: 'AAAA', md5: '0' }]
    await turns.say(turn, { text: '', images })
    assert.equal(turns.frame(turn)!.images, undefined)
    turn.chainEnded()
    assert.deepEqual(turns.frame(turn), { content: '🖼', finish: true, images })
  })

  it('puts in words what cards its bubble cannot have', async () => {
    for (const isOn of [true, false]) {
      const { turns, poll, open } = createTurns({ cards: isOn })
      const turn = open()
      await turns.say(turn, { text: 'a', card: cards.text_notice })
      assert.equal(poll(turn), 'a')
      turn.spendCard(0)
      const id = (await turns.say(turn, { text: 'b', card: structuredClone(cards.text_notice) }))!
      assert.equal(poll(turn), 'a\n\nb')
      turns.rewrite(turn, id, { text: 'b', card: cards.news_notice })
      assert.equal(poll(turn), 'a\n\nb\n\n[卡片] 早报')
    }
  })

  it('has its last card go along, and others in words', async () => {
    const { turns, open } = createTurns()
    const turn = open()
    await turns.say(turn, { text: '', card: cards.text_notice })
    await turns.say(turn, { text: '', card: cards.news_notice })
    assert.equal(turn.text, '[卡片] 部署完成')
    assert.equal(turn.card, cards.news_notice)
  })

  it('has something to be seen beside its card', async () => {
    const { turns, poll, open } = createTurns()
    const turn = open()
    await turns.say(turn, { text: '', card: cards.news_notice })
    turn.chainEnded()
    assert.equal(poll(turn), '🗂■')
  })

  it('forgets what was taken back', async () => {
    const { turns, poll, open } = createTurns()
    const turn = open()
    poll(turn)
    const first = (await turns.say(turn, { text: 'a' }))!
    await turns.say(turn, { text: 'b' })
    assert.ok(turns.retract(turn, first))
    assert.equal(turns.retract(turn, first), false)
    assert.equal(turns.rewrite(turn, first, { text: 'x' }), false)
    turn.chainEnded()
    assert.equal(poll(turn), 'b■')
  })

  it('is gone, with its timers, when its time is over', async () => {
    const { turns, clock, poll, open } = createTurns()
    for (let serial = 0; serial < 100; serial++) {
      const turn = open({ msgId: `M${serial}` })
      if (serial % 2) poll(turn)
      if (serial % 3) await turns.say(turn, { text: 'hello' })
      turn.chainEnded()
      if (serial % 5) poll(turn)
      if (serial % 7 === 0) turns.drop(turn)
    }
    await clock.pass(11 * MINUTE)
    assert.equal(turns.size, 0)
    assert.equal(turns.load.size, 0)
    assert.equal(clock.pending, 0)
  })

  it('leaves no timer behind when all are disposed of, whatever they are at', async () => {
    const { turns, clock, outlet, poll, open } = createTurns()
    open({ msgId: 'fresh' })
    const sending = open({ msgId: 'sending' })
    poll(sending)
    await turns.say(sending, { text: 'x'.repeat(30_000) })
    outlet.delay(clock, SECOND)
    sending.chainEnded()
    turns.dispose()
    await clock.pass(2 * SECOND)
    assert.equal(clock.pending, 0)
    assert.equal(turns.size, 0)
  })
})

describe('a stream', () => {
  it('is found by the message it answers', () => {
    const { turns, open } = createTurns()
    const turn = open()
    assert.equal(turns.find('AIBOTID', 'MSGID'), turn)
    assert.equal(turns.find('AIBOTID', 'OTHER'), undefined)
    assert.equal(turns.find('OTHER', 'MSGID'), undefined)
    assert.equal(turns.get(turn.id), turn)
  })

  it('belongs to its bot, chat and, in a single chat, person', () => {
    const { turns, open } = createTurns()
    const single = open({ msgId: 'single' })
    const group = open({ msgId: 'group', chatId: 'CHATID' })
    const asker = { botId: 'AIBOTID', userId: 'USERID' }
    assert.equal(turns.ask(single.id, asker), single)
    assert.equal(turns.ask(single.id, { ...asker, userId: 'OTHER' }), undefined)
    assert.equal(turns.ask(single.id, { ...asker, botId: 'OTHER' }), undefined)
    assert.equal(turns.ask(single.id, { ...asker, chatId: 'CHATID' }), undefined)
    assert.equal(turns.ask(group.id, { ...asker, chatId: 'CHATID' }), group)
    assert.equal(turns.ask(group.id, { ...asker, chatId: 'CHATID', userId: 'OTHER' }), group)
    assert.equal(turns.ask(group.id, { ...asker, chatId: 'chatid' }), undefined)
    assert.equal(turns.ask(group.id, asker), undefined)
    assert.equal(turns.ask('unknown', asker), undefined)
  })

  it('has an id that cannot be guessed', () => {
    const { turns } = createTurns()
    const ids = new Set(Array.from({ length: 100 }, (_, serial) => turns.open(message({ msgId: String(serial) })).id))
    assert.equal(ids.size, 100)
    for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/)
  })
})
