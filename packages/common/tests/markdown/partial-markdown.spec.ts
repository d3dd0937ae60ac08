import assert from 'node:assert/strict'
import { draft } from '../../src/markdown/partial-markdown'

/** What is shown of an unfinished text. */
function shown(text: string) {
  const { length, suffix } = draft(text)
  return text.slice(0, length) + suffix
}

const cases: [string, string, string][] = [
  ['plain text', 'hello', 'hello'],
  ['bold that is open', 'a **b', 'a **b**'],
  ['bold that is closed', 'a **b** c', 'a **b** c'],
  ['italics that are open', 'a *b', 'a *b*'],
  ['emphasis within emphasis', '**a *b', '**a *b***'],
  ['strikethrough that is open', '~~a', '~~a~~'],
  ['code that is open', 'use `npm ci', 'use `npm ci`'],
  ['markers within code', '`a ** b` c', '`a ** b` c'],
  ['markers within code that is open', 'a `**', 'a '],
  ['a block of code that is open', '```js\nlet a', '```js\nlet a\n```'],
  ['markers in a block of code', '```\n**', '```\n**\n```'],
  ['markers at the very end', 'a **', 'a '],
  ['a space behind an open word', '**a ', '**a**'],
  ['an asterisk that is none', '2 * 3', '2 * 3'],
  ['a list', '* a\n* b', '* a\n* b'],
  ['an underscore in a word', 'snake_case', 'snake_case'],
  ['an escaped marker', '\\*a', '\\*a'],
  ['emphasis of a paragraph before', '**a\n\nb', '**a\n\nb'],
  ['half a link', 'see [the docs](https://ko', 'see '],
  ['the beginning of a link', 'see [the', 'see '],
  ['a link', 'see [the docs](https://koishi.chat)', 'see [the docs](https://koishi.chat)'],
  ['a bracket that is no link', 'a [b] c', 'a [b] c'],
  ['half an image', 'see ![a', 'see '],
  ['the head of a table', 'a\n\n| x | y |', 'a\n\n'],
  ['a table before the line under its head is whole', 'a\n\n| x | y |\n| -', 'a\n\n'],
  ['a table without rows', '| x |\n| - |\n', '| x |\n| - |\n'],
  ['a table with rows', '| x |\n| - |\n| 1 |\n| 2', '| x |\n| - |\n| 1 |\n| 2'],
  ['a pipe that begins no table', '| x |\nword', '| x |\nword'],
]

describe('draft', () => {
  for (const [name, text, expected] of cases) {
    it(`shows ${name}`, () => assert.equal(shown(text), expected))
  }

  it('shows nothing but the text and what closes it, at every length', () => {
    const text = '# T\n\n**a *b* `c`** [d](https://x.y) ~~e~~\n\n| x | y |\n| - | - |\n| 1 | 2 |\n\n```js\nf\n```\nend'
    for (let length = 0; length <= text.length; length++) {
      const { length: shown, suffix } = draft(text.slice(0, length))
      assert.ok(shown <= length)
      assert.match(suffix, /^[\s*_~`]*$/)
    }
    assert.deepEqual(draft(text), { length: text.length, suffix: '' })
  })
})
