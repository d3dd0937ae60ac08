import assert from 'node:assert/strict'
import type { StoredStream } from '../../src/storage/streams'
import { Turn } from '../../src/turn/turn'
import { cards } from '../support/cards'
import { MINUTE, SECOND, createTurns, message } from '../support/turns'

describe('TurnController', () => {
  it('repeats its only frame if the turn ends in time', async () => {
    const { clock, fallback, poll, open } = createTurns()
    const turn = open()
    const settled = turn.whenEnded(100)
    await turn.say({ text: 'hello' })
    turn.endChain()
    await settled
    for (let round = 0; round < 3; round++) {
      assert.equal(poll(turn), 'hello■')
      await clock.advance(SECOND)
    }
    await clock.advance(MINUTE)
    assert.deepEqual(fallback.sent, [])
  })

  it('has no bubble if there is no message', async () => {
    const { turns, clock, fallback, poll, open } = createTurns()
    const turn = open()
    turn.endChain()
    await turn.whenEnded(100)
    assert.equal(poll(turn), undefined)
    await clock.advance(10 * MINUTE)
    assert.deepEqual(fallback.sent, [])
    assert.equal(turns.size, 0)
  })

  it('waits for its end for the given time', async () => {
    const { clock, open } = createTurns()
    let settled = false
    void open().whenEnded(100).then(() => settled = true)
    await clock.advance(99)
    assert.equal(settled, false)
    await clock.advance(1)
    assert.equal(settled, true)
  })

  it('shows a placeholder, then the current text, then the complete text', async () => {
    const { poll, open } = createTurns()
    const turn = open()
    assert.equal(poll(turn), '<think></think>')
    const id = (await turn.say({ text: 'a' }))!
    assert.equal(poll(turn), 'a')
    assert.ok(turn.edit(id, { text: 'ab\n```js\ncode' }))
    assert.equal(poll(turn), 'ab\n```js\ncode\n```')
    await turn.say({ text: 'c' })
    assert.equal(poll(turn), 'ab\n```js\ncode\n```\n\nc')
    turn.endChain()
    assert.equal(poll(turn), 'ab\n```js\ncode\n```\n\nc■')
  })

  it('stays open while a message is being sent', async () => {
    const { poll, open } = createTurns()
    const turn = open()
    turn.beginSend()
    turn.endChain()
    assert.equal(poll(turn), '<think></think>')
    await turn.say({ text: 'a' })
    turn.endSend()
    assert.equal(poll(turn), 'a■')
  })

  it('never closes without visible text', async () => {
    for (const text of ['', ' \n\t', '\u200b\u2060\ufeff', '<think></think>', '<think>\n</think> ', '\u3164', '\u2800']) {
      const { poll, open } = createTurns()
      const turn = open()
      poll(turn)
      await turn.say({ text })
      turn.endChain()
      assert.equal(poll(turn), '(silent)■', JSON.stringify(text))
    }
  })

  it('never exceeds WeCom\'s size limit for a frame', async () => {
    for (const character of ['x', 'é', '企', '😀']) {
      const { clock, fallback, open } = createTurns()
      const turn = open()
      await turn.say({ text: character.repeat(30_000) })
      const frames = [turn.frame()]
      turn.endChain()
      await clock.advance(0)
      frames.push(turn.frame())
      for (const frame of frames) assert.ok(Buffer.byteLength(frame!.content) <= 20480)
      assert.deepEqual([frames[0]!.finish, frames[1]!.finish], [false, true])
      const shown = frames[1]!.content.replace('\n\n(continued)', '')
      assert.equal(shown + fallback.sent.join(''), character.repeat(30_000))
    }
  })

  it('attaches images to the final frame only', async () => {
    const { open } = createTurns()
    const turn = open()
    const images = [{ base64: 'AAAA', md5: '0' }]
    await turn.say({ text: '', images })
    assert.equal(turn.frame()!.images, undefined)
    turn.endChain()
    assert.deepEqual(turn.frame(), { content: '🖼', finish: true, images })
  })

  it('renders as text the cards that the bubble cannot carry', async () => {
    for (const isOn of [true, false]) {
      const { poll, open } = createTurns({ cards: isOn })
      const turn = open()
      await turn.say({ text: 'a', card: cards.text_notice })
      assert.equal(poll(turn), 'a')
      turn.turn.markCardSent(0)
      const id = (await turn.say({ text: 'b', card: structuredClone(cards.text_notice) }))!
      assert.equal(poll(turn), 'a\n\nb')
      turn.edit(id, { text: 'b', card: cards.news_notice })
      assert.equal(poll(turn), 'a\n\nb\n\n[卡片] 早报')
    }
  })

  it('attaches the last card, and renders the others as text', async () => {
    const { open } = createTurns()
    const turn = open()
    await turn.say({ text: '', card: cards.text_notice })
    await turn.say({ text: '', card: cards.news_notice })
    assert.equal(turn.turn.text, '[卡片] 部署完成')
    assert.equal(turn.turn.card, cards.news_notice)
  })

  it('shows a mark beside a card without text', async () => {
    const { poll, open } = createTurns()
    const turn = open()
    await turn.say({ text: '', card: cards.news_notice })
    turn.endChain()
    assert.equal(poll(turn), '🗂■')
  })

  it('leaves out removed messages', async () => {
    const { poll, open } = createTurns()
    const turn = open()
    poll(turn)
    const first = (await turn.say({ text: 'a' }))!
    await turn.say({ text: 'b' })
    assert.ok(turn.remove(first))
    assert.equal(turn.remove(first), false)
    assert.equal(turn.edit(first, { text: 'x' }), false)
    turn.endChain()
    assert.equal(poll(turn), 'b■')
  })

  it('is forgotten with its timers after the retention', async () => {
    const { turns, concurrency, clock, poll, open } = createTurns()
    for (let serial = 0; serial < 100; serial++) {
      const turn = open({ msgId: `M${serial}` })
      if (serial % 2) poll(turn)
      if (serial % 3) await turn.say({ text: 'hello' })
      turn.endChain()
      if (serial % 5) poll(turn)
      if (serial % 7 === 0) turn.forget()
    }
    await clock.advance(11 * MINUTE)
    assert.equal(turns.size, 0)
    assert.equal(concurrency.size, 0)
    assert.equal(clock.pending, 0)
  })

  it('leaves no timer when the registry is disposed of', async () => {
    const { turns, clock, fallback, poll, open } = createTurns()
    open({ msgId: 'fresh' })
    const sending = open({ msgId: 'sending' })
    poll(sending)
    await sending.say({ text: 'x'.repeat(30_000) })
    fallback.delay(SECOND)
    sending.endChain()
    turns.dispose()
    await clock.advance(2 * SECOND)
    assert.equal(clock.pending, 0)
    assert.equal(turns.size, 0)
  })
})

describe('TurnController.frame', () => {
  it('saves each changed frame once', async () => {
    const saved: StoredStream[] = []
    const { open } = createTurns({}, { save: stream => void saved.push(stream) })
    const turn = open({ chatId: 'CHATID' })
    turn.frame()
    turn.frame()
    await turn.say({ text: 'a' })
    turn.frame()
    turn.endChain()
    turn.frame()
    turn.frame()
    const stream = {
      streamId: turn.id,
      msgId: 'MSGID',
      owner: { botId: 'AIBOTID', userId: 'USERID', chatId: 'CHATID' },
    }
    assert.deepEqual(saved, [
      { ...stream, content: '<think></think>', finished: false },
      { ...stream, content: 'a', finished: false },
      { ...stream, content: 'a', finished: true },
    ])
  })

  it('does not change while the store is late, except to its end', async () => {
    const saved: string[] = []
    const streams = { isLate: false, save: ({ content }: StoredStream) => void saved.push(content) }
    const { open, poll } = createTurns({}, streams)
    const turn = open()
    await turn.say({ text: 'a' })
    const [id] = [await turn.say({ text: 'b' })]
    assert.equal(poll(turn), 'a\n\nb')
    streams.isLate = true
    turn.edit(id!, { text: 'b c' })
    assert.equal(poll(turn), 'a\n\nb')
    streams.isLate = false
    assert.equal(poll(turn), 'a\n\nb c')
    streams.isLate = true
    turn.edit(id!, { text: 'b c d' })
    turn.endChain()
    assert.equal(poll(turn), 'a\n\nb c d■')
    assert.deepEqual(saved, ['a\n\nb', 'a\n\nb c', 'a\n\nb c d'])
    streams.isLate = true
    const first = open({ msgId: 'OTHER' })
    await first.say({ text: 'not shown yet' })
    assert.equal(poll(first), '<think></think>')
  })

  it('is undefined after the turn was forgotten', async () => {
    const { turns, open } = createTurns()
    const turn = open()
    assert.ok(turn.frame())
    turn.forget()
    assert.equal(turns.size, 0)
    assert.equal(turn.frame(), undefined)
    assert.equal(turn.edit(`${turn.id}.1`, { text: 'x' }), false)
    await turn.whenEnded(100)
  })
})

describe('TurnRegistry', () => {
  it('finds a turn by message', () => {
    const { turns, open } = createTurns()
    const turn = open()
    assert.equal(turns.findByMessage('AIBOTID', 'MSGID'), turn)
    assert.equal(turns.findByMessage('AIBOTID', 'OTHER'), undefined)
    assert.equal(turns.findByMessage('OTHER', 'MSGID'), undefined)
    assert.equal(turns.find(turn.id), turn)
  })

  it('shows a stream to the same bot and chat only, in a single chat to the same person', () => {
    const { turns, open } = createTurns()
    const single = open({ msgId: 'single' })
    const group = open({ msgId: 'group', chatId: 'CHATID' })
    const asker = { botId: 'AIBOTID', userId: 'USERID' }
    assert.equal(turns.find(single.id, asker), single)
    assert.equal(turns.find(single.id, { ...asker, userId: 'OTHER' }), undefined)
    assert.equal(turns.find(single.id, { ...asker, botId: 'OTHER' }), undefined)
    assert.equal(turns.find(single.id, { ...asker, chatId: 'CHATID' }), undefined)
    assert.equal(turns.find(group.id, { ...asker, chatId: 'CHATID' }), group)
    assert.equal(turns.find(group.id, { ...asker, chatId: 'CHATID', userId: 'OTHER' }), group)
    assert.equal(turns.find(group.id, { ...asker, chatId: 'chatid' }), undefined)
    assert.equal(turns.find(group.id, asker), undefined)
    assert.equal(turns.find('unknown', asker), undefined)
  })

  it('makes ids that cannot be guessed', () => {
    const { turns } = createTurns()
    const ids = new Set(Array.from({ length: 100 }, (_, serial) => turns.open(message({ msgId: String(serial) })).id))
    assert.equal(ids.size, 100)
    for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/)
  })
})

describe('messages of a turn', () => {
  const open = () => new Turn('T', 'M', { botId: 'b', userId: 'u' }, 0)

  it('keep their order and their ids, whatever is edited and removed', () => {
    const turn = open()
    const ids = ['a', 'b', 'c'].map(text => turn.add({ text }))
    assert.deepEqual(ids, ['T.1', 'T.2', 'T.3'])
    assert.ok(turn.edit('T.1', { text: 'A' }))
    assert.ok(turn.remove('T.2'))
    assert.equal(turn.add({ text: 'd' }), 'T.4')
    assert.equal(turn.text, 'A\n\nc\n\nd')
    assert.ok(turn.remove('T.4'))
    assert.equal(turn.add({ text: 'e' }), 'T.5')
    assert.equal(turn.text, 'A\n\nc\n\ne')
  })

  it('are found by their exact id only', () => {
    const turn = open()
    turn.add({ text: 'a' })
    turn.add({ text: 'b' })
    turn.remove('T.2')
    const { version } = turn
    for (const id of ['', 'T', 'T.', 'T.0', 'T.-1', 'T.01', 'T.1.0', 'T.1 ', 'T.1e0', 'T.2', 'T.3', 'U.1', 'TT.1', 'T.length']) {
      assert.equal(turn.edit(id, { text: 'x' }), false, id)
      assert.equal(turn.remove(id), false, id)
      assert.equal(turn.writerOf(id), undefined, id)
    }
    assert.equal(turn.version, version)
    assert.equal(turn.text, 'a')
  })
})
