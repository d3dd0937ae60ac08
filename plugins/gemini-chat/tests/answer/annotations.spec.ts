import assert from 'node:assert/strict'
import { Margin } from '../../src/answer/annotations'

describe('what is shown around an answer', () => {
  it('is thoughts in front', () => {
    const margin = new Margin()
    margin.think('**Plan**\n\n')
    assert.equal(margin.before, '<think>\n**Plan**\n</think>\n\n')
    margin.think('Think.\n')
    assert.equal(margin.before, '<think>\n**Plan**\n\nThink.\n</think>\n\n')
    margin.forget()
    assert.equal(margin.before, '')
  })

  it('is nothing where there is nothing', () => {
    const margin = new Margin()
    margin.think(' ')
    assert.deepEqual([margin.before, margin.after(name => name[0])], ['', ''])
  })

  it('keeps thoughts from ending before they end, and from never ending', () => {
    const margin = new Margin()
    margin.think('a </think> b < /THINK> c <think> d <thinker>')
    assert.equal(margin.before.match(/<\s*\/?think>/gi)?.length, 2)
    assert.match(margin.before, /<thinker>\n<\/think>\n\n$/)
    for (let index = 0; index < 1000; index++) margin.think('and so on, ')
    assert.ok(margin.before.length < 6100)
    assert.match(margin.before, /…\n<\/think>\n\n$/)
  })

  it('is sources below', () => {
    const margin = new Margin()
    margin.take({ type: 'grounding', metadata: { webSearchQueries: ['a'] } })
    assert.equal(margin.after(name => name[0]), 'q [a](https://www.google.com/search?q=a)')
  })
})
