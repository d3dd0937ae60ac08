import assert from 'node:assert/strict'
import { PassiveReply } from '../../src/inbound/passive-reply'
import type { DeliveryError } from '../../src/api/delivery-error'
import type { MessagePart } from '../../src/push/parts'
import { Turn } from '../../src/turn/turn'
import { FakeClock } from '../support/clock'
import { notices } from '../support/turns'

describe('a reply that waits for its answer', () => {
  let clock: FakeClock
  let forwarded: MessagePart[][]
  let turn: Turn

  beforeEach(() => {
    clock = new FakeClock()
    forwarded = []
    turn = new Turn('ID', 'MSGID', { botId: 'app:1', userId: 'u' }, clock.now())
    turn.putButtonsInWords()
  })

  function create(hasNext = true, limit = 2048) {
    const next = { send: async (parts: MessagePart[]) => void forwarded.push(parts) }
    return new PassiveReply({ limit, unclaimed: 10_000, notices, clock, next: hasNext ? next : undefined })
  }

  function say(text: string) {
    turn.say({ text })
    return turn.whole
  }

  it('takes the answer, and gives it to every repetition', async () => {
    const hold = create()
    const sent = hold.send(turn, say('**a**'))
    assert.equal(hold.isWaiting, false)
    assert.equal(hold.take(turn), 'a')
    assert.equal(hold.take(turn), 'a')
    hold.arrived()
    await sent
    assert.equal(hold.take(turn), 'a')
    assert.deepEqual(forwarded, [])
    assert.equal(clock.pending, 0)
  })

  it('hands the answer on where it has not arrived in time, and is empty from then on', async () => {
    const hold = create()
    const sent = hold.send(turn, say('**a**'))
    hold.take(turn)
    await clock.pass(9999)
    assert.deepEqual(forwarded, [])
    await clock.pass(1)
    await sent
    assert.deepEqual(forwarded, [[{ type: 'markdown', content: '**a**' }]])
    assert.equal(hold.take(turn), undefined)
    hold.arrived()
    assert.equal(forwarded.length, 1)
  })

  it('hands on what comes too late', async () => {
    const hold = create()
    assert.equal(hold.take(turn), undefined)
    await hold.send(turn, say('a'))
    await hold.send(turn, { text: 'b' })
    assert.deepEqual(forwarded, [[{ type: 'markdown', content: 'a' }], [{ type: 'markdown', content: 'b' }]])
    assert.equal(hold.take(turn), undefined)
  })

  it('hands on what does not fit, once the reply has arrived', async () => {
    const hold = create(true, 100)
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`)
    const sent = hold.send(turn, say(lines.join('\n')))
    const reply = hold.take(turn)!
    assert.ok(Buffer.byteLength(reply) <= 100)
    assert.equal(forwarded.length, 0)
    hold.arrived()
    await sent
    const [[rest]] = forwarded
    assert.ok(rest.type === 'markdown')
    assert.deepEqual([reply, rest.content].join('\n').split('\n'), lines)
  })

  it('stays within its limit although some letters are kept from being links', async () => {
    const hold = create(false, 200)
    void hold.send(turn, say(`\`${'<a'.repeat(300)}\``))
    assert.ok(Buffer.byteLength(hold.take(turn)!) <= 200)
  })

  it('hands on pictures behind the text, and alone where there is no text', async () => {
    const image = { base64: 'AAAA', md5: 'x' }
    const part = { type: 'image', data: Buffer.from('AAAA', 'base64') }
    for (const text of ['a', '']) {
      turn = new Turn('ID', 'MSGID', { botId: 'app:1', userId: 'u' }, clock.now())
      turn.say({ text, images: [image] })
      const hold = create()
      const sent = hold.send(turn, turn.whole)
      assert.equal(hold.take(turn), text || undefined)
      hold.arrived()
      await sent
      assert.deepEqual(forwarded.pop(), [part])
    }
  })

  it('puts pictures in words where nothing leads on', () => {
    const hold = create(false)
    turn.say({ text: 'a', images: [{ base64: 'AAAA', md5: 'x' }] })
    void hold.send(turn, turn.whole)
    assert.equal(hold.take(turn), 'a\n\n[图片]')
  })

  describe('and is all there is', () => {
    it('says that time is over, below what was said', async () => {
      const hold = create(false)
      say('so **far**')
      assert.equal(hold.take(turn), 'so far\n\n(cut off)')
      await assert.rejects(hold.send(turn, say('late')), (error: DeliveryError) => {
        assert.equal(error.code, 'no-way')
        assert.match(error.message, /6 characters are lost: .*corpId, agentId and secret/s)
        return true
      })
      assert.equal(hold.take(turn), 'so far\n\n(cut off)')
    })

    it('is empty where nothing was said and nothing will be', () => {
      const hold = create(false)
      turn.chainEnded()
      assert.equal(hold.take(turn), undefined)
    })

    it('says how much is missing of what is too long', () => {
      const hold = create(false, 100)
      void hold.send(turn, say('x'.repeat(150)))
      const reply = hold.take(turn)!
      assert.ok(Buffer.byteLength(reply) <= 100)
      const [, shown, lost] = /^(x+)\n\n\((\d+) lost\)$/.exec(reply)!
      assert.equal(shown.length + Number(lost), 150)
    })
  })

  it('may be given at once', () => {
    const hold = create()
    hold.say('**welcome**')
    assert.equal(hold.isWaiting, false)
    assert.equal(hold.take(turn), 'welcome')
  })
})
