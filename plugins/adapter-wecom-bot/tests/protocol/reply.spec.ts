import assert from 'node:assert/strict'
import type { Frame } from '../../src/protocol/reply'
import { streamReply, stringifyOnce } from '../../src/protocol/reply'

describe('a reply', () => {
  const frame = (finish = false): Frame => ({ content: '你好', finish })

  it('shows a bubble that stands still as it was, without spelling it out again', () => {
    const still = frame()
    const reply = streamReply('s1', still)
    assert.equal(stringifyOnce(reply), '{"msgtype":"stream","stream":{"id":"s1","finish":false,"content":"你好"}}')
    assert.equal(streamReply('s1', still), reply)
    assert.equal(stringifyOnce(reply), JSON.stringify(reply))
  })

  it('asks for an opinion only where it is to, whatever went before', () => {
    const still = frame()
    for (const feedback of [undefined, 'f1', 'f1', undefined, 'f2']) {
      const { stream } = JSON.parse(stringifyOnce(streamReply('s1', still, undefined, feedback))) as { stream: object }
      assert.deepEqual(stream, { id: 's1', finish: false, content: '你好', ...feedback && { feedback: { id: feedback } } })
    }
  })

  it('takes a card along once, and goes without it the next time', () => {
    const still = frame()
    const card = { card_type: 'text_notice', main_title: { title: 'x' } } as const
    const types = [undefined, card, undefined].map((card) => {
      return (JSON.parse(stringifyOnce(streamReply('s1', still, card as never))) as { msgtype: string }).msgtype
    })
    assert.deepEqual(types, ['stream', 'stream_with_template_card', 'stream'])
  })

  it('is not kept once the bubble is finished: with its images it may have megabytes', () => {
    const last = frame(true)
    assert.notEqual(streamReply('s1', last), streamReply('s1', last))
  })
})
