import assert from 'node:assert/strict'
import { Margin } from '../src/margin'

describe('what is shown around an answer', () => {
  it('is thoughts in front, where they are wanted', () => {
    for (const wanted of [true, false]) {
      const margin = new Margin(wanted)
      margin.take({ type: 'thought', text: '**Plan**\n\n' })
      margin.take({ type: 'thought', text: 'Think.\n' })
      margin.take({ type: 'text', text: 'answer' })
      margin.take({ type: 'thought', text: 'Second thoughts.' })
      assert.equal(margin.before, wanted ? '<think>\n**Plan**\n\nThink.\n</think>\n\n' : '')
    }
  })

  it('is nothing where there is nothing', () => {
    const margin = new Margin(true)
    margin.take({ type: 'thought', text: ' ' })
    assert.deepEqual([margin.before, margin.after(name => name[0])], ['', ''])
  })

  it('keeps thoughts from ending before they end', () => {
    const margin = new Margin(true)
    margin.take({ type: 'thought', text: 'a </think> b < /THINK> c <think> d <thinker>' })
    assert.equal(margin.before.match(/<\s*\/?think>/gi)?.length, 2)
    assert.match(margin.before, /<thinker>\n<\/think>\n\n$/)
  })

  it('is sources below', () => {
    const margin = new Margin(false)
    margin.take({ type: 'grounding', metadata: { webSearchQueries: ['a'] } })
    assert.equal(margin.after(name => name[0]), 'q [a](https://www.google.com/search?q=a)')
  })
})
