import assert from 'node:assert/strict'
import { decrypt } from '../../src/protocol/crypto'
import type { Frame } from '../../src/protocol/reply'
import { encryptReply, forgetReply, streamReply } from '../../src/protocol/reply'

describe('streamReply', () => {
  const frame = (finish = false): Frame => ({ content: '你好', finish })

  it('is made anew, the same, once it was released', () => {
    const frame = { content: '你好', finish: false }
    const reply = streamReply('s1', frame)
    forgetReply(frame)
    assert.notEqual(streamReply('s1', frame), reply)
    assert.deepEqual(streamReply('s1', frame), reply)
  })

  it('is the same for an unchanged frame', () => {
    const still = frame()
    const reply = streamReply('s1', still)
    assert.equal(JSON.stringify(reply), '{"msgtype":"stream","stream":{"id":"s1","finish":false,"content":"你好"}}')
    assert.equal(streamReply('s1', still), reply)
  })

  it('sets feedback only if asked to, whatever was cached', () => {
    const still = frame()
    for (const feedback of [undefined, 'f1', 'f1', undefined, 'f2']) {
      const { stream } = JSON.parse(JSON.stringify(streamReply('s1', still, undefined, feedback))) as { stream: object }
      assert.deepEqual(stream, { id: 's1', finish: false, content: '你好', ...feedback && { feedback: { id: feedback } } })
    }
  })

  it('contains the card only if given one, whatever was cached', () => {
    const still = frame()
    const card = { card_type: 'text_notice', main_title: { title: 'x' } } as const
    const types = [undefined, card, undefined].map(card => streamReply('s1', still, card as never).msgtype)
    assert.deepEqual(types, ['stream', 'stream_with_template_card', 'stream'])
  })

  it('does not cache the closing frame, which may hold megabytes of images', () => {
    const last = frame(true)
    assert.notEqual(streamReply('s1', last), streamReply('s1', last))
  })
})

describe('encryptReply', () => {
  const credential = (receiveId = '', fill = 1) => ({ token: 'token', key: Buffer.alloc(32, fill), receiveId })

  it('encrypts a reply that is sent once or twice, and keeps what is sent more often', () => {
    const own = credential()
    const reply = streamReply('s1', { content: '你好', finish: false })
    const [first, second, third, fourth] = Array.from({ length: 4 }, () => encryptReply(reply, own))
    for (const ciphertext of [first, second]) assert.equal(decrypt(own, ciphertext), JSON.stringify(reply))
    assert.notEqual(first, second)
    assert.deepEqual([third, fourth], [second, second])
  })

  it('keeps nothing for another key or receive id', () => {
    const reply = streamReply('s1', { content: '你好', finish: false })
    for (const own of [credential(), credential(), credential('corp'), credential('', 2), credential('', 2), credential()]) {
      assert.equal(decrypt(own, encryptReply(reply, own)), JSON.stringify(reply))
    }
  })
})
