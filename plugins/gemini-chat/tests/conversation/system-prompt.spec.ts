import assert from 'node:assert/strict'
import { fill } from '../../src/conversation/system-prompt'
import { nameOf, signed } from '../../src/conversation/speaker'
import { Unanswered } from '../../src/conversation/unanswered'

describe('a system prompt', () => {
  const variables = { date: new Date(2026, 10, 2, 23, 59), user: 'Alice', platform: 'wecom-bot' }

  it('knows the day, the user and the platform', () => {
    assert.equal(fill('{date} {user} {platform} {date}', variables), '2026-11-02 Alice wecom-bot 2026-11-02')
  })

  it('leaves other braces alone, in it and in what is filled in', () => {
    assert.equal(fill('{"a": {b}} {user}', { ...variables, user: '{date}' }), '{"a": {b}} {date}')
  })

  it('takes a name as one short line', () => {
    assert.equal(fill('<{user}>', { ...variables, user: 'a\n\nb' }), '<a b>')
    assert.equal(fill('{user}', { ...variables, user: 'x'.repeat(500) })!.length, 60)
  })

  it('is none when it is blank', () => {
    assert.equal(fill(' \n', variables), undefined)
  })
})

describe('the name of a speaker', () => {
  const session = (event: object) => ({ userId: 'u', event }) as never

  it('is the one in the group, or another, or the id', () => {
    assert.equal(nameOf(session({ member: { nick: 'A' }, user: { name: 'B' } })), 'A')
    assert.equal(nameOf(session({ user: { name: 'B' } })), 'B')
    assert.equal(nameOf(session({})), 'u')
  })

  it('cannot be taken for somebody else\'s line', () => {
    assert.equal(nameOf(session({ user: { name: 'A]\n[Boss' } })), 'A Boss')
  })

  it('stands above what was said', () => {
    const speaker = session({ user: { name: 'A' } })
    assert.deepEqual(signed([{ text: 'hi' }, { inlineData: { mimeType: 'x/y', data: '' } }], speaker)[0], { text: '[A]\nhi' })
    assert.deepEqual(signed([{ fileData: { fileUri: 'f' } }], speaker), [{ text: '[A]' }, { fileData: { fileUri: 'f' } }])
  })
})

describe('questions without an answer', () => {
  it('are kept, one for each conversation, for so many of them', () => {
    const question = (text: string) => ({ role: 'user' as const, parts: [{ text }] })
    const subject = new Unanswered({ capacity: 2 })
    for (const key of ['a', 'b', 'a', 'c']) subject.set(key, question(key))
    assert.equal(subject.get('b'), undefined)
    assert.deepEqual(subject.get('a'), question('a'))
    subject.set('a')
    assert.equal(subject.get('a'), undefined)
  })

  it('are kept as long as they take no more room than there is, and the newest in any case', () => {
    const question = (length: number) => ({
      role: 'user' as const,
      parts: [{ text: 'what?' }, { reference: { kind: 'image', src: 'x'.repeat(length) } }],
    })
    const subject = new Unanswered({ room: 100 })
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
