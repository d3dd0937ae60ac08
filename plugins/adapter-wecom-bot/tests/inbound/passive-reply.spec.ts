import assert from 'node:assert/strict'
import { PassiveReply } from '../../src/inbound/passive-reply'
import type { DeliveryError } from '../../src/api/delivery-error'
import type { MessagePart } from '../../src/push/parts'
import { Turn } from '../../src/turn/turn'
import { FakeClock } from 'common/testing'
import { notices } from '../support/turns'

describe('PassiveReply', () => {
  let clock: FakeClock
  let forwarded: MessagePart[][]
  let turn: Turn

  beforeEach(() => {
    clock = new FakeClock()
    forwarded = []
    turn = new Turn('ID', 'MSGID', { botId: 'app:1', userId: 'u' }, clock.monotonic())
    turn.showButtonsAsText()
  })

  function create(hasNext = true, limit = 2048) {
    const next = { send: async (parts: MessagePart[]) => void forwarded.push(parts) }
    return new PassiveReply({ limit, unclaimed: 10_000, notices, clock, next: hasNext ? next : undefined })
  }

  function say(text: string) {
    turn.add({ text })
    return turn.combined
  }

  it('takes the answer, and repeats it', async () => {
    const reply = create()
    const sent = reply.send(turn, say('**a**'))
    assert.equal(reply.isWaiting, false)
    assert.equal(reply.take(turn), 'a')
    assert.equal(reply.take(turn), 'a')
    reply.confirm()
    await sent
    assert.equal(reply.take(turn), 'a')
    assert.deepEqual(forwarded, [])
    assert.equal(clock.pending, 0)
  })

  it('forwards the answer if the reply is not confirmed in time, and is empty afterwards', async () => {
    const reply = create()
    const sent = reply.send(turn, say('**a**'))
    reply.take(turn)
    await clock.advance(9999)
    assert.deepEqual(forwarded, [])
    await clock.advance(1)
    await sent
    assert.deepEqual(forwarded, [[{ type: 'markdown', content: '**a**' }]])
    assert.equal(reply.take(turn), undefined)
    reply.confirm()
    assert.equal(forwarded.length, 1)
  })

  it('forwards later messages', async () => {
    const reply = create()
    assert.equal(reply.take(turn), undefined)
    await reply.send(turn, say('a'))
    await reply.send(turn, { text: 'b' })
    assert.deepEqual(forwarded, [[{ type: 'markdown', content: 'a' }], [{ type: 'markdown', content: 'b' }]])
    assert.equal(reply.take(turn), undefined)
  })

  it('forwards what does not fit once the reply is confirmed', async () => {
    const reply = create(true, 100)
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`)
    const sent = reply.send(turn, say(lines.join('\n')))
    const content = reply.take(turn)!
    assert.ok(Buffer.byteLength(content) <= 100)
    assert.equal(forwarded.length, 0)
    reply.confirm()
    await sent
    const [[rest]] = forwarded
    assert.ok(rest.type === 'markdown')
    assert.deepEqual([content, rest.content].join('\n').split('\n'), lines)
  })

  it('stays within its limit although some characters are escaped', async () => {
    const reply = create(false, 200)
    void reply.send(turn, say(`\`${'<a'.repeat(300)}\``))
    assert.ok(Buffer.byteLength(reply.take(turn)!) <= 200)
  })

  it('forwards images after the text, or alone without a text', async () => {
    const image = { base64: 'AAAA', md5: 'x' }
    const part = { type: 'image', data: Buffer.from('AAAA', 'base64') }
    for (const text of ['a', '']) {
      turn = new Turn('ID', 'MSGID', { botId: 'app:1', userId: 'u' }, clock.monotonic())
      turn.add({ text, images: [image] })
      const reply = create()
      const sent = reply.send(turn, turn.combined)
      assert.equal(reply.take(turn), text || undefined)
      reply.confirm()
      await sent
      assert.deepEqual(forwarded.pop(), [part])
    }
  })

  it('replaces images by text if there is no next way', () => {
    const reply = create(false)
    turn.add({ text: 'a', images: [{ base64: 'AAAA', md5: 'x' }] })
    void reply.send(turn, turn.combined)
    assert.equal(reply.take(turn), 'a\n\n[图片]')
  })

  describe('without a next way', () => {
    it('says that the time is over, below the text so far', async () => {
      const reply = create(false)
      say('so **far**')
      assert.equal(reply.take(turn), 'so far\n\n(cut off)')
      await assert.rejects(reply.send(turn, say('late')), (error: DeliveryError) => {
        assert.equal(error.code, 'wecom-bot/no-route')
        assert.match(error.message, /6 characters not delivered: .*corpId, agentId and secret/s)
        return true
      })
      assert.equal(reply.take(turn), 'so far\n\n(cut off)')
    })

    it('is empty if there is no answer', () => {
      const reply = create(false)
      turn.endChain()
      assert.equal(reply.take(turn), undefined)
    })

    it('says how much of a long text is missing', () => {
      const reply = create(false, 100)
      void reply.send(turn, say('x'.repeat(150)))
      const content = reply.take(turn)!
      assert.ok(Buffer.byteLength(content) <= 100)
      const [, shown, lost] = /^(x+)\n\n\((\d+) lost\)$/.exec(content)!
      assert.equal(shown.length + Number(lost), 150)
    })
  })

  it('can be given at once', () => {
    const reply = create()
    reply.replyWith('**welcome**')
    assert.equal(reply.isWaiting, false)
    assert.equal(reply.take(turn), 'welcome')
  })
})
