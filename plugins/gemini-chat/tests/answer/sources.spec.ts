import assert from 'node:assert/strict'
import { AnswerSources } from '../../src/answer/sources'
import { readGrounding } from '../../src/engine/gemini/grounding'

const label = (name: string) => name === 'sources' ? 'Sources:' : 'Searched:'

describe('AnswerSources', () => {
  function read(...metadata: object[]) {
    const answer = new AnswerSources()
    for (const each of metadata) {
      const { sources, searches } = readGrounding(each)
      answer.add(sources, searches)
    }
    return answer.toMarkdown(label)
  }
  const chunk = (uri: unknown, title?: unknown) => ({ web: { uri, title } })

  it('lists sources, and searches in one line', () => {
    assert.equal(
      read({
        groundingChunks: [chunk('https://a.example/x', 'A'), chunk('https://b.example/', 'B')],
        webSearchQueries: ['苏州 天气', 'rain & wind'],
      }),
      [
        'Sources:', '', '1. [A](https://a.example/x)', '2. [B](https://b.example/)', '',
        'Searched: [苏州 天气](https://www.google.com/search?q=%E8%8B%8F%E5%B7%9E+%E5%A4%A9%E6%B0%94)'
        + ' · [rain \\& wind](https://www.google.com/search?q=rain+%26+wind)',
      ].join('\n'),
    )
  })

  it('collects sources from several events without repeating any', () => {
    const text = read({ webSearchQueries: ['a'] }, { groundingChunks: [chunk('https://a.example/', 'A')] },
      { groundingChunks: [chunk('https://a.example/', 'A')], webSearchQueries: ['a', ' '] })
    assert.equal(text, 'Sources:\n\n1. [A](https://a.example/)\n\nSearched: [a](https://www.google.com/search?q=a)')
  })

  it('tolerates missing and malformed metadata', () => {
    for (const metadata of [
      {}, { groundingChunks: [] }, { groundingChunks: [{}, { web: {} }, null], webSearchQueries: [1] },
      { groundingChunks: 'x', webSearchQueries: null },
    ]) {
      assert.equal(read(metadata as object), '')
    }
    assert.equal(read({ groundingChunks: [chunk('https://a.example/')] }), 'Sources:\n\n1. [a.example](https://a.example/)')
  })

  it('drops addresses other than http and https', () => {
    for (const uri of ['javascript:alert(1)', 'file:///etc/passwd', 'data:text/html,x', '/x', 'x y', 7]) {
      assert.equal(read({ groundingChunks: [chunk(uri, 'A')] }), '')
    }
  })

  it('escapes titles and addresses', () => {
    const text = read({ groundingChunks: [chunk('https://a.example/(x)?a=)b', 'A](javascript:x) **b**\n# <at id="1"/>')] })
    assert.equal(text,
      'Sources:\n\n1. [A\\](javascript:x) \\*\\*b\\*\\* # \\<at id="1"/\\>](https://a.example/%28x%29?a=%29b)')
  })

  it('limits the number of sources and searches, and the length of titles', () => {
    const many = Array.from({ length: 30 }, (_, index) => chunk(`https://a.example/${index}`, 'x'.repeat(300)))
    const lines = read({ groundingChunks: many, webSearchQueries: ['1', '2', '3', '4', '5', '6'] }).split('\n')
    assert.equal(lines.length, 2 + 8 + 2)
    assert.equal(lines.at(-1)!.split(' · ').length, 4)
    assert.ok(lines.every(line => line.length < 300))
  })
})
