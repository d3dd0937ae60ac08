import assert from 'node:assert/strict'
import { cut, pageText } from '../../src/markdown/split'

function pages(text: string, limit: number): string[] {
  const result: string[] = []
  for (let start = 0; start < text.length;) {
    const page = cut(text, start, limit)
    assert.ok(page.end > start, 'every page takes something')
    result.push(pageText(text, page))
    start = page.end
  }
  return result
}

const bytes = (text: string) => Buffer.byteLength(text)

describe('cut', () => {
  it('makes one page where the text fits, and where there is no limit', () => {
    assert.deepEqual(pages('一二三', 9), ['一二三'])
    assert.deepEqual(pages('a'.repeat(50_000), 0), ['a'.repeat(50_000)])
  })

  it('breaks between paragraphs', () => {
    assert.deepEqual(pages('first one\n\nsecond one\n\nthird one', 26), ['first one\n\nsecond one', 'third one'])
  })

  it('breaks between lines where a paragraph is too long', () => {
    assert.deepEqual(pages('one\ntwo\nthree\nfour', 10), ['one\ntwo', 'three\nfour'])
  })

  it('breaks after a sentence where a line is too long', () => {
    assert.deepEqual(pages('今天天气很好。我们出去走走吧。然后回家', 45), ['今天天气很好。我们出去走走吧。', '然后回家'])
    assert.deepEqual(pages('It is 3.5 km. Go there now.', 20), ['It is 3.5 km.', ' Go there now.'])
  })

  it('prefers a near break to a better one that would leave half of the page empty', () => {
    assert.deepEqual(pages('a\n\nbbbb bbbb bbbb', 14), ['a\n\nbbbb bbbb ', 'bbbb'])
  })

  it('counts bytes, not characters', () => {
    for (const page of pages('一二三四五六七八九十'.repeat(10), 50)) assert.ok(bytes(page) <= 50, page)
  })

  it('cuts no grapheme', () => {
    const family = '👨‍👩‍👧‍👦'
    assert.deepEqual(pages(family.repeat(4), 60), [family.repeat(2), family.repeat(2)])
    assert.deepEqual(pages('e\u0301'.repeat(4), 4), Array(4).fill('e\u0301'))
  })

  it('cuts a grapheme that is larger than a page', () => {
    const zalgo = `a${'\u0301'.repeat(40)}`
    assert.equal(pages(zalgo, 20).join(''), zalgo)
  })

  it('closes code and opens it again', () => {
    const code = Array.from({ length: 6 }, (_, index) => `line ${index};`).join('\n')
    const result = pages(`\`\`\`js\n${code}\n\`\`\`\nend`, 40)
    assert.deepEqual(result, [
      '```js\nline 0;\nline 1;\nline 2;\n```',
      '```js\nline 3;\nline 4;\nline 5;\n```\nend',
    ])
  })

  it('does not open code that has no lines left', () => {
    assert.deepEqual(pages('```\naaaa\nbbbb\n```\n\ncccc', 18), ['```\naaaa\nbbbb\n```', 'cccc'])
  })

  it('repeats the header of a table', () => {
    const rows = Array.from({ length: 6 }, (_, index) => `| ${index} | x |`)
    const head = '| a | b |\n| - | - |'
    assert.deepEqual(pages([head, ...rows, '', 'end'].join('\n'), 52), [
      [head, ...rows.slice(0, 3)].join('\n'),
      [head, ...rows.slice(3)].join('\n'),
      'end',
    ])
  })

  it('does not repeat the header of a table that has ended', () => {
    assert.deepEqual(pages('| a |\n| - |\n| 1 |\n\nword | word and words', 22), ['| a |\n| - |\n| 1 |', 'word | word and words'])
  })

  it('does not repeat a header that leaves no room for rows', () => {
    const result = pages(`| ${'long '.repeat(10)}|\n| - |\n| 1 |\n| 2 |`, 60)
    for (const page of result) assert.ok(bytes(page) <= 60)
  })

  it('loses nothing, repeats nothing and keeps to every limit', () => {
    let seed = 1
    const random = (below: number) => (seed = seed * 48271 % 2147483647) % below
    const words = ['word', '很长的一句话。', '👍🏽', '\n', '\n\n', ' ', '**b**', 'https://x.y/z', '。', 'x'.repeat(30)]
    for (let round = 0; round < 300; round++) {
      const text = Array.from({ length: random(60) }, () => words[random(words.length)]).join('')
      const limit = 20 + random(80)
      const result = pages(text, limit)
      for (const page of result) assert.ok(bytes(page) <= limit)
      assert.equal(result.join('').replace(/\n/g, ''), text.replace(/\n/g, ''))
    }
  })
})
