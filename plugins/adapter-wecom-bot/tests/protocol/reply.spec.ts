import assert from 'node:assert/strict'
import type { Frame } from '../../src/protocol/reply'
import { forgetReply, streamReply, stringifyOnce } from '../../src/protocol/reply'

describe('streamReply', () => {
  const frame = (finish = false): Frame => ({ content: '你好', finish })

  it('is made anew, the same, once it was released', () => {
    const frame = { content: '你好', finish: false }
    const reply = streamReply('s1', frame)
    forgetReply(frame)
    assert.notEqual(streamReply('s1', frame), reply)
    assert.deepEqual(JSON.parse(stringifyOnce(streamReply('s1', frame))), JSON.parse(stringifyOnce(reply)))
  })

  it('returns the cached reply and JSON for an unchanged frame', () => {
    const still = frame()
    const reply = streamReply('s1', still)
    assert.equal(stringifyOnce(reply), '{"msgtype":"stream","stream":{"id":"s1","finish":false,"content":"你好"}}')
    assert.equal(streamReply('s1', still), reply)
    assert.equal(stringifyOnce(reply), JSON.stringify(reply))
  })

  it('sets feedback only if asked to, whatever was cached', () => {
    const still = frame()
    for (const feedback of [undefined, 'f1', 'f1', undefined, 'f2']) {
      const { stream } = JSON.parse(stringifyOnce(streamReply('s1', still, undefined, feedback))) as { stream: object }
      assert.deepEqual(stream, { id: 's1', finish: false, content: '你好', ...feedback && { feedback: { id: feedback } } })
    }
  })

  it('contains the card only if given one, whatever was cached', () => {
    const still = frame()
    const card = { card_type: 'text_notice', main_title: { title: 'x' } } as const
    const types = [undefined, card, undefined].map((card) => {
      return (JSON.parse(stringifyOnce(streamReply('s1', still, card as never))) as { msgtype: string }).msgtype
    })
    assert.deepEqual(types, ['stream', 'stream_with_template_card', 'stream'])
  })

  it('does not cache the closing frame, which may hold megabytes of images', () => {
    const last = frame(true)
    assert.notEqual(streamReply('s1', last), streamReply('s1', last))
  })
})
