import assert from 'node:assert/strict'
import { UnansweredQuestions } from '../../src/conversation/unanswered'

describe('UnansweredQuestions', () => {
  it('keeps one question per conversation, up to its capacity', () => {
    const question = (text: string) => ({ role: 'user' as const, parts: [{ text }] })
    const subject = new UnansweredQuestions({ capacity: 2 })
    for (const key of ['a', 'b', 'a', 'c']) subject.set(key, question(key))
    assert.equal(subject.get('b'), undefined)
    assert.deepEqual(subject.get('a'), question('a'))
    subject.set('a')
    assert.equal(subject.get('a'), undefined)
  })

  it('drops the oldest questions beyond its size, but never the newest', () => {
    const question = (length: number) => ({
      role: 'user' as const,
      parts: [{ text: 'what?' }, { reference: { kind: 'image', src: 'x'.repeat(length) } }],
    })
    const subject = new UnansweredQuestions({ room: 100 })
    const kept = () => ['a', 'b', 'c'].filter(key => subject.get(key)).join('')
    for (const key of ['a', 'b', 'a', 'a']) subject.set(key, question(45))
    assert.equal(kept(), 'ab')
    subject.set('c', question(1))
    assert.equal(kept(), 'ac')
    subject.set('c')
    subject.set('b', question(45))
    assert.equal(kept(), 'ab')
    subject.set('c', question(1000))
    assert.equal(kept(), 'c')
    subject.set('a', question(1))
    assert.equal(kept(), 'a')
  })
})
