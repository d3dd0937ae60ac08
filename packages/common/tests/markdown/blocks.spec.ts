import assert from 'node:assert/strict'
import { BlockScanner, cut, heal, pages, pageText, resume, unfinished } from '../../src/markdown'

const split = (text: string, limit: number) => [...pages(text, limit)].map(page => pageText(text, page))

describe('thoughts', () => {
  it('are closed where they are open', () => {
    assert.equal(heal('<think>hm'), '<think>hm</think>')
    assert.equal(heal('<think>\nhm\n```\ncode'), '<think>\nhm\n```\ncode\n```\n</think>')
    assert.equal(heal('the tag <think> opens'), 'the tag <think> opens')
    assert.equal(heal('```\n<think>\n```'), '```\n<think>\n```')
  })

  it('are opened again in the next page', () => {
    const parts = split(`<think>\n${'I think. '.repeat(20)}\n</think>\n\nDone.`, 100)
    assert.ok(parts.length > 2)
    for (const part of parts) assert.equal(part.split('<think>').length, part.split('</think>').length, part)
  })
})

describe('list items', () => {
  it('lose the indentation of their code in a page without their marker', () => {
    assert.equal(resume('1. Run:\n\n   ```sh\n   one\n   two\n   ```\n   Then.', 25), '```sh\ntwo\n```\nThen.')
  })

  it('keep the indentation of what is nested in them', () => {
    assert.equal(resume('- a\n  - b\n    - c\n- d', 4), '- b\n  - c\n- d')
  })

  it('end at a line that is not indented', () => {
    assert.equal(resume('- a\n\nb\n  c', 7), '  c')
  })
})

describe('quotes', () => {
  it('keep the code in them quoted, also in the middle of a line', () => {
    assert.equal(resume('> ```\n> one two', 11), '> ```\n> two'.replace('two', ' two'))
  })
})

describe('tables', () => {
  it('do not leave their header behind', () => {
    const rows = Array.from({ length: 4 }, (_, index) => `| ${index} | ${'x'.repeat(20)} |`).join('\n')
    for (let filling = 40; filling < 90; filling++) {
      const text = `${'x'.repeat(filling)}\n| a | b |\n| - | - |\n${rows}`
      assert.doesNotMatch(pageText(text, cut(text, 0, 100)), /\| (b|-) \|$/)
    }
  })
})

describe('BlockScanner', () => {
  const text = 'a\n\n- b\n  ```js\n  c\n  ```\n\n| x | y |\n| - | - |\n| 1 | 2 |\n\n<think>\n~~~\nd\n~~~\n</think>\nend'

  it('finds the same in a text that grows as in the whole text', () => {
    const scanner = new BlockScanner()
    for (let length = 0; length <= text.length; length++) {
      assert.deepEqual(scanner.at(text.slice(0, length)), unfinished(text.slice(0, length)), String(length))
    }
  })

  it('starts again where a text is another one, and at an earlier offset', () => {
    const scanner = new BlockScanner()
    assert.ok(scanner.at('a\n```\nb').fence)
    assert.equal(scanner.at('a\nb\nc\nd').fence, undefined)
    assert.ok(scanner.at('```\na\n```\nb\n', 6).fence)
    assert.equal(scanner.at('```\na\n```\nb\n').fence, undefined)
  })
})
