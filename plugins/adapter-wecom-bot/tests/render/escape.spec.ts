import assert from 'node:assert/strict'
import { marked } from 'marked'
import { cpuTimeMs } from 'common/testing'
import { escapeMarkdown } from '../../src/render/escape'
import { Random } from '../support/random'

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': '\'' }

/** The visible text of HTML that contains only paragraphs, line breaks and bare URLs. */
function seen(html: string): string {
  const text = html.replace(/<\/?p>|<br>|<a href="[^"]*">|<\/a>/g, '')
  assert.doesNotMatch(text, /<[^>]*>/)
  return text.replace(/&(?:(amp|lt|gt|quot|#39)|#?\w+);/g, (entity, name) => name ? entities[name] : '\ufffd')
}

/** Text without the inserted spaces, and with backticks restored. */
function bare(text: string) {
  return text.replace(/[\s\u200a\u200b]/g, '').replace(/ˋ/g, '`')
}

function assertLiteral(markdown: string, text: string) {
  const html = marked.parse(markdown, { async: false })
  const hint = `${JSON.stringify(text)} as ${JSON.stringify(markdown)} gives ${html}`
  try {
    assert.equal(bare(seen(html)), bare(text))
  } catch {
    assert.fail(hint)
  }
}

const hostile = [
  '# heading', '###### six', '#', '#标签', 'a\n===', 'a\n=', 'a\n---', 'a\n--', 'a\n-', ' a\n  ==', '---', '***', '* * *',
  '_ _ _', '- item', '* item', '+ item', '-', '1. one', '2) two', '123456789. nine', '> quote', '>quote', ' > quote',
  '    code', '\tcode', ' \tcode', '  \t code', 'a\n\n    code', '``', '`code`', '```js\ncode\n```', '~~~\ncode\n~~~',
  '| a | b |\n| - | - |\n| 1 | 2 |', 'a | b\n- | -\n1 | 2', 'a\n:-', '|a|\n|:-:|', 'a|b\n-|-', ':-- | --:',
  '[x]: https://example.com', 'see [x]\n\n[x]: https://example.com "t"', '[a\nb]: /url', '[^1]: note', '[x]:/url',
  '[text](https://example.com)', '[text][x]', '![alt](https://example.com/x.png)', '[a](<b c>)', '[a]\n(b)', '[](x)',
  '[a[b](c)](d)', '<https://example.com>', '<me@example.com>', '<think>hm</think>', '<b>bold</b>', '<br/>', '</p>',
  '<!-- no -->', '<?php ?>', '<![CDATA[x]]>', '<!DOCTYPE html>', '<div>\n\ntext', '<script>alert(1)</script>', '< b',
  '*i*', '**b**', '***bi***', '_i_', '__b__', '*a **b***', '**a*b**', '~~s~~', '~s~', 'a*b*c', 'a_b_c', '_a_b_', '*a_',
  '__init__', 'snake_case_name', '2*3*4', '5 * 3 * 2', '**', '*', '_', '\\*a\\*', '\\[x\\]', '\\# a', 'C:\\*.txt', '\\\\',
  'a\\\nb', '\\(x\\)', '&lt;', '&amp;lt;', '&#60;b&#62;', '&nbsp;x', 'AT&T', '&copy;', '&#x3c;', '^a^', '==mark==', '$x$',
  'a  \nb', 'a\nb', 'a\n\nb', '\n\na', 'a\r\nb', 'a\n\n\n\nb', '- a\n  - b\n    - c', '1. a\n\n   b', '- [ ] task',
  'www.example.com', 'https://example.com/a_b_c?x=*y*', 'https://example.com/_next_/x', 'me@example.com', '@all', '#1',
  '（**重要**）', '**重要**提示', '“*强调*”', '*a*。', '。*a*', '<@userid>', '<font color="info">x</font>', ':smile:',
]

describe('escapeMarkdown', () => {
  for (const text of hostile) {
    it(`shows as written: ${JSON.stringify(text)}`, () => {
      assertLiteral(escapeMarkdown(text), text)
    })

    it(`shows as written after other text: ${JSON.stringify(text)}`, () => {
      assertLiteral(escapeMarkdown(`a ${text} b`), `a ${text} b`)
      assertLiteral(escapeMarkdown(`a\n${text}\nb`), `a\n${text}\nb`)
      assertLiteral(escapeMarkdown(`a\n\n${text}\n\nb`), `a\n\n${text}\n\nb`)
    })
  }

  it('shows as written next to other escaped text', () => {
    for (const [one, other] of [
      ['*', 'a*'], ['**', 'a**'], ['_', 'a_'], ['[a]', '(b)'], ['<', 'b>'], ['~~', 'a~~'], ['`', '`'], ['\\', '*'],
      ['#', ' a'], ['a *', '*b* c'],
    ]) {
      assertLiteral(escapeMarkdown(one) + escapeMarkdown(other), one + other)
    }
  })

  it('shows random text as written', () => {
    const alphabet = [...'ab1 \n\t*_~`<>[]()!#+-=|:\\&;./"^企。', '  ', '\n\n', '    ', '](', '**', '---', 'lt;', 'http://a.b/']
    for (let seed = 0; seed < 20_000; seed++) {
      const random = new Random(seed)
      const text = random.times(1, 14, () => random.pick(alphabet)).join('')
      assertLiteral(escapeMarkdown(text), text)
    }
  })

  it('keeps text without markup unchanged', () => {
    for (const text of [
      '你好，世界！', 'Hello, world!', '3 * 4 = 12', 'a - b', 'snake_case', 'f(x) [y] z', 'a < b && c > d', '#标签', '1.5 2.5',
      'https://example.com/a_b/_next/static?q=1&b=2', 'me@example.com', 'line\nline', '50% off: 3 for 2', 'a/b_c', '@所有人',
      'C:\\Users\\me', 'AT&T', '~5 min', 'I + II', 'x=y', '（一）', '→ 🎉',
    ]) {
      assert.equal(escapeMarkdown(text), text)
    }
  })

  it('escapes input crafted to be slow within a second', () => {
    for (const unit of [
      '[', '[\n', '*', '_', '`', '<', '- ', '-\n', '\\', '&', '&#', '[[]', '](', ' \n', '\t', '>', '|', ':-', '~', '=',
      '1', 'https://', '![', '~a', '- -', '_ ', 'a_', '#', '\r\n', ' ',
    ]) {
      const begin = cpuTimeMs()
      escapeMarkdown(unit.repeat(100_000 / unit.length))
      const elapsed = cpuTimeMs() - begin
      assert.ok(elapsed < 500, `${JSON.stringify(unit)} takes ${elapsed} ms`)
    }
  })
})
