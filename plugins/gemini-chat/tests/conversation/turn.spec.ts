import assert from 'node:assert/strict'
import { Reply } from '../../src/answer/reply'
import { appendPart, toContents } from '../../src/conversation/turn'
import type { Content, Part } from '../../src/engine/types'

describe('appendPart', () => {
  function gather(...parts: Part[]) {
    const result: Part[] = []
    parts.forEach(part => appendPart(result, part))
    return result
  }

  it('joins plain text', () => {
    assert.deepEqual(gather({ text: 'a' }, { text: 'b' }, { text: '' }), [{ text: 'ab' }])
  })

  it('keeps parts with other fields as they are', () => {
    const native = { engine: 'gemini' as const, fields: { thoughtSignature: 'sig' } }
    const signed = { text: '', native }
    const thought = { text: 'hm', thought: true }
    const call = { toolCall: { id: '1', name: 'f', arguments: {} }, native }
    assert.deepEqual(
      gather(thought, { text: 'a' }, signed, { text: 'b' }, call, { text: 'c' }),
      [thought, { text: 'a' }, signed, { text: 'b' }, call, { text: 'c' }],
    )
  })

  it('does not change reported parts', () => {
    const part = { text: 'a' }
    gather(part, { text: 'b' })
    assert.deepEqual(part, { text: 'a' })
  })
})

describe('toContents', () => {
  const contents: Content[] = [{ role: 'user', parts: [{ text: 'q' }] }, { role: 'model', parts: [{ text: 'a' }] }]

  it('keeps the parts of turns', () => {
    assert.deepEqual(toContents([{ contents, tokens: 1 }, { contents, tokens: 1 }]), [...contents, ...contents])
  })

  it('marks interrupted answers', () => {
    const [question, answer] = toContents([{ contents, tokens: 1, interrupted: true }])
    assert.deepEqual(question, contents[0])
    assert.deepEqual(answer.parts, [{ text: 'a' }, { text: '[interrupted]' }])
    assert.deepEqual(contents[1].parts, [{ text: 'a' }])
  })
})

describe('Reply', () => {
  it('drops leading whitespace', () => {
    const reply = new Reply()
    assert.equal(reply.take({ type: 'text', text: '\n ' }), false)
    assert.equal(reply.take({ type: 'text', text: ' a' }), true)
    assert.equal(reply.take({ type: 'text', text: ' b' }), true)
    assert.equal(reply.text, 'a b')
  })

  it('keeps thoughts and sources out of its text', () => {
    const reply = new Reply()
    assert.equal(reply.take({ type: 'thought', text: 'hm' }), false)
    assert.equal(reply.take({ type: 'sources', sources: [], searches: [] }), false)
    assert.equal(reply.text, '')
  })

  it('collects parts, usage and the end reason', () => {
    const reply = new Reply()
    reply.take({ type: 'part', part: { text: 'a' } })
    reply.take({ type: 'usage', usage: { inputTokens: 1 } })
    reply.take({ type: 'usage', usage: { inputTokens: 2 } })
    reply.take({ type: 'end', reason: 'length' })
    assert.deepEqual(reply.content, { role: 'model', parts: [{ text: 'a' }] })
    assert.deepEqual(reply.usage, { inputTokens: 2 })
    assert.equal(reply.isTruncated, true)
  })
})
