import assert from 'node:assert/strict'
import { escapeMarkdown } from '../../src/render/escape'
import { toPlainText } from 'common/markdown'
import { cpuTimeMs } from 'common/testing'

describe('toPlainText', () => {
  for (const [markdown, text] of [
    ['a **b** *c* ~~d~~ ***e***', 'a b c d e'],
    ['# T', 'T'],
    ['###### T', 'T'],
    ['#T', '#T'],
    ['- a\n  - b\n1. c', '- a\n  - b\n1. c'],
    ['> q', '> q'],
    ['[t](https://a.example)', 't (https://a.example)'],
    ['[https://a.example](https://a.example)', 'https://a.example'],
    ['![alt](https://a.example/p.png)', 'alt https://a.example/p.png'],
    ['![](https://a.example/p.png)', 'https://a.example/p.png'],
    ['| a | b |\n| --- | :-: |\n| 1 | **2** |', 'a  b\n1  2'],
    ['`a*b*` ``c`d`` *e*', 'a*b* c`d e'],
    ['```js\n# no *heading*\n```', '# no *heading*'],
    ['~~~\n```\n~~~', '```'],
    ['a\n\n\n\nb', 'a\n\nb'],
    ['<think>x\ny</think>z', 'z'],
    ['<think>never ends', ''],
    ['2 * 3 * 4, 2*3*4, a_b_c, **', '2 * 3 * 4, 2*3*4, a_b_c, **'],
    ['say **"quoted"**，then', 'say "quoted"，then'],
    ['unclosed `code and **bold', 'unclosed `code and **bold'],
  ]) {
    it(`converts ${JSON.stringify(markdown)}`, () => assert.equal(toPlainText(markdown), text))
  }

  for (const text of ['*a* **b** # c', '`code` [x](y) ![z](w)', '<b> &amp; 1. 2)', '# head\n- item\n> quote\n1. one']) {
    it(`restores escaped text: ${JSON.stringify(text)}`, () => assert.equal(toPlainText(escapeMarkdown(text)), text))
  }

  it('does not lengthen the text', () => {
    const pieces = ['**', '*', '~~', '`', '```\n', '[a](b)', '![a](b)', '|', '# ', '\n', 'x', ' ', '😀', '](', '<think>']
    let seed = 7
    for (let round = 0; round < 2000; round++) {
      let markdown = ''
      for (let length = round % 40; length; length--) {
        seed = seed * 1103515245 + 12345 & 0x7fffffff
        markdown += pieces[seed % pieces.length]
      }
      assert.ok(Buffer.byteLength(toPlainText(markdown)) <= Buffer.byteLength(markdown), JSON.stringify(markdown))
    }
  })

  it('converts input crafted to be slow within a second', () => {
    for (const piece of ['`a', '**a ', '*a', '[', '![](', '~~a ', '`'.repeat(3) + 'a ']) {
      const start = cpuTimeMs()
      toPlainText(piece.repeat(20480 / piece.length))
      assert.ok(cpuTimeMs() - start < 1000, piece)
    }
  })
})
