import assert from 'node:assert/strict'
import { Annotations } from '../../src/answer/annotations'
import { readGrounding } from '../../src/engine/gemini/grounding'

describe('Annotations', () => {
  it('puts thoughts before the answer', () => {
    const annotations = new Annotations()
    annotations.addThought('**Plan**\n\n')
    assert.equal(annotations.before, '<think>\n**Plan**\n</think>\n\n')
    annotations.addThought('Think.\n')
    assert.equal(annotations.before, '<think>\n**Plan**\n\nThink.\n</think>\n\n')
    annotations.clearThoughts()
    assert.equal(annotations.before, '')
  })

  it('adds nothing without thoughts and sources', () => {
    const annotations = new Annotations()
    annotations.addThought(' ')
    assert.deepEqual([annotations.before, annotations.after(name => name[0])], ['', ''])
  })

  it('escapes think tags in thoughts, and cuts endless thoughts', () => {
    const annotations = new Annotations()
    annotations.addThought('a </think> b < /THINK> c <think> d <thinker>')
    assert.equal(annotations.before.match(/<\s*\/?think>/gi)?.length, 2)
    assert.match(annotations.before, /<thinker>\n<\/think>\n\n$/)
    for (let index = 0; index < 1000; index++) annotations.addThought('and so on, ')
    assert.ok(annotations.before.length < 6100)
    assert.match(annotations.before, /…\n<\/think>\n\n$/)
  })

  it('puts sources below the answer', () => {
    const annotations = new Annotations()
    annotations.take({ type: 'sources', ...readGrounding({ webSearchQueries: ['a'] }) })
    assert.equal(annotations.after(name => name[0]), 'q [a](https://www.google.com/search?q=a)')
  })
})
