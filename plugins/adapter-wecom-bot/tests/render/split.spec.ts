import assert from 'node:assert/strict'
import { complete, cut, pieces, resume } from '../../src/render/split'

const LIMIT = 20480

function assertWhole(text: string, limit: number) {
  assert.ok(Buffer.byteLength(text) <= limit, `${Buffer.byteLength(text)} bytes`)
  assert.equal(Buffer.from(text).toString(), text, 'half a character')
}

describe('cut', () => {
  it('keeps a text that fits', () => {
    for (const text of ['', 'x', ' x \n', 'x'.repeat(LIMIT), '企'.repeat(LIMIT / 3 | 0), '```\nopen', '| a |\n']) {
      assert.deepEqual(cut(text, LIMIT), [text, ''])
    }
  })

  for (const [bytes, character] of [[1, 'x'], [2, 'é'], [3, '企'], [4, '😀']] as const) {
    it(`keeps characters of ${bytes} bytes whole at the limit`, () => {
      for (let shift = 0; shift < 4; shift++) {
        const text = 'a'.repeat(shift) + character.repeat(LIMIT / bytes | 0) + character
        const parts = pieces(text, LIMIT)
        for (const part of parts) assertWhole(part, LIMIT)
        assert.equal(parts.join(''), text)
        assert.equal(parts.length, 2)
        assert.ok(Buffer.byteLength(parts[0]) > LIMIT - 8)
      }
    })
  }

  for (const character of ['👨‍👩‍👧‍👦', '🏳️‍🌈', '👍🏽', 'é', 'क्षि', '가']) {
    it(`does not cut ${character}`, () => {
      const text = character.repeat(3000)
      for (let shift = 0; shift < 12; shift++) {
        const parts = pieces('a'.repeat(shift) + text, 4096)
        for (const part of parts.slice(1)) assert.ok(part.startsWith(character), JSON.stringify(part.slice(0, 12)))
        for (const part of parts) assertWhole(part, 4096)
        assert.equal(parts.join(''), 'a'.repeat(shift) + text)
      }
    })
  }

  it('does not cut flags', () => {
    for (let shift = 0; shift < 64; shift++) {
      for (const part of pieces('a'.repeat(200 + shift) + '🇨🇳'.repeat(8), 256)) {
        assert.equal(part.replace(/^a+/, '').length % 4, 0, part)
      }
    }
  })

  for (const [name, unit] of [
    ['a chain of joined emoji', '👩\u200d'],
    ['a heap of accents', '\u0301'],
    ['a heap of accents of four bytes', '\u{1d165}'],
  ]) {
    it(`cuts ${name} that is longer than the limit between code points`, () => {
      for (let shift = 0; shift < 4; shift++) {
        const text = 'a'.repeat(shift) + unit.repeat(3000)
        const parts = pieces(text, 1024)
        for (const part of parts) assertWhole(part, 1024)
        assert.equal(parts.join(''), text)
      }
    })
  }

  it('survives lone surrogates', () => {
    const text = '\ud83d'.repeat(500) + '\ude00'.repeat(500) + 'x'
    const parts = pieces(text, 256)
    assert.ok(parts.join('').endsWith('x'))
    for (const part of parts) assert.ok(Buffer.byteLength(part) <= 256)
  })

  it('cuts at the best place in the second half: paragraph, line, sentence, word', () => {
    const half = 'word '.repeat(30)
    for (const [text, head] of [
      [`${half}one.\n\ntwo\nthree. four ${'x'.repeat(80)}`, `${half}one.`],
      [`${half}one\ntwo. three ${'x'.repeat(80)}`, `${half}one`],
      [`${half}one. two three ${'x'.repeat(80)}`, `${half}one.`],
      [`${half}one two ${'x'.repeat(80)}`, `${half}one two`],
      [`${half}一。二，三 ${'x'.repeat(80)}`, `${half}一。`],
    ]) {
      assert.equal(cut(text, 200)[0], head)
    }
  })

  it('ignores a boundary in the first half', () => {
    const [head] = cut('title\n\n' + 'x'.repeat(300), 200)
    assert.equal(Buffer.byteLength(head), 200)
  })

  it('does not cut in a decimal number, a host name or a version', () => {
    const [head] = cut('x'.repeat(150) + ' pi is 3.14159265358979' + '9'.repeat(100), 172)
    assert.ok(head.endsWith(' is') || head.endsWith('pi'), head.slice(150))
  })

  for (const mark of ['```', '~~~', '`````', '~~~~']) {
    it(`closes and opens a fence of ${mark}`, () => {
      const code = Array.from({ length: 40 }, (_, index) => `  line ${index}`).join('\n')
      const [head, rest] = cut(`intro\n\n${mark}js\n${code}\n${mark}\nend`, 256)
      assert.ok(head.startsWith(`intro\n\n${mark}js\n  line 0\n`) && head.endsWith(`\n${mark}`))
      assert.ok(rest.startsWith(`${mark}js\n  line `), rest.slice(0, 40))
      assert.ok(rest.endsWith(`${mark}\nend`))
      assertWhole(head, 256)
    })
  }

  it('keeps code in a list item code', () => {
    const code = Array.from({ length: 40 }, (_, index) => `      line ${index}`).join('\n')
    const [head, rest] = cut(`10. Run this:\n\n    \`\`\`sh\n${code}\n    \`\`\`\n    Then that.\n    - one\n11. Done.`, 256)
    assert.ok(head.endsWith('\n    ```'), head)
    assert.match(rest, /^```sh\n {2}line \d+\n/)
    assert.ok(rest.endsWith('\n```\nThen that.\n- one\n11. Done.'), rest)
  })

  it('keeps code that begins on the line of its list item code', () => {
    const code = Array.from({ length: 40 }, (_, index) => `   line ${index}`).join('\n')
    const [head, rest] = cut(`1. \`\`\`sh\n${code}\n   \`\`\`\n2. Done.`, 256)
    assert.ok(head.endsWith('\n   ```'), head)
    assert.match(rest, /^```sh\nline \d+\n/)
    assert.equal(complete('1. ```sh\n   ls\n   ```\n2. Done.'), '1. ```sh\n   ls\n   ```\n2. Done.')
  })

  it('keeps code in a quote code', () => {
    const code = Array.from({ length: 40 }, (_, index) => `> line ${index}`).join('\n')
    const [head, rest] = cut(`> \`\`\`sh\n${code}\n> \`\`\`\nDone.`, 256)
    assert.ok(head.endsWith('\n> ```'), head)
    assert.match(rest, /^> ```sh\n> line \d+\n/)
    assert.equal(complete('> ```\n> code'), '> ```\n> code\n> ```')
  })

  it('ignores fence marks inside a fence', () => {
    const inner = 'text ``` text\n~~~\n``\n    ```\n```js\n'
    const text = '````md\n' + inner.repeat(12) + '````\nend'
    for (const part of pieces(text, 256)) {
      assert.equal((part.match(/^````(md)?$/gm) ?? []).length % 2, 0, part)
    }
  })

  it('leaves room to close the fence at an earlier cut', () => {
    const mark = '~'.repeat(16)
    const text = `${mark}\n${'x'.repeat(160)}\n\n${'y'.repeat(30)}\n${mark}\n\`\`\`\na\n\n${'z'.repeat(300)}`
    for (let limit = 256; limit < 280; limit++) {
      for (const part of pieces(text, limit)) assertWhole(part, limit)
    }
  })

  it('does not repeat a very long opening line', () => {
    const text = '```' + 'x'.repeat(400) + '\n' + 'code\n'.repeat(400) + '```'
    const parts = pieces(text, 512)
    assert.ok(parts.length < 10)
    for (const part of parts.slice(1)) assert.ok(part.startsWith('```\ncode'), part.slice(0, 20))
  })

  it('closes and reopens <think>, also with code in it', () => {
    for (const [thought, opening] of [['I think.\n', ''], ['```js\n' + 'code()\n'.repeat(80) + '```\n', '```js\n']]) {
      const text = `<think>\n${thought.repeat(opening ? 1 : 60)}</think>\n\nThe answer.`
      const parts = pieces(text, 256)
      assert.ok(parts.length > 2)
      for (const [index, part] of parts.entries()) {
        assertWhole(part, 256)
        assert.equal(part.split('<think>').length, part.split('</think>').length, part)
        if (index < parts.length - 1) assert.ok(part.startsWith(`<think>\n${index ? opening : ''}`), part)
      }
      assert.ok(parts.at(-1)!.endsWith('</think>\n\nThe answer.'))
    }
  })

  it('repeats the table header, and leaves no header without rows', () => {
    const rows = Array.from({ length: 60 }, (_, index) => `| ${index} | 数据 |`)
    const text = ['intro', '', '| a | b |', '| --- | :-: |', ...rows, '', 'end'].join('\n')
    const parts = pieces(text, 400)
    assert.ok(parts.length > 2)
    for (const part of parts.slice(1, -1)) assert.ok(part.startsWith('| a | b |\n| --- | :-: |\n| '), part)
    for (const part of parts) {
      assertWhole(part, 400)
      assert.doesNotMatch(part, /\| :-: \|$/)
    }
  })

  it('moves a header with its table', () => {
    for (let filling = 100; filling < 200; filling++) {
      const text = `${'x'.repeat(filling)}\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | ${'y'.repeat(200)} |`
      const [head] = cut(text, 200)
      assert.doesNotMatch(head, /\| (b|---) \|$/, String(filling))
    }
  })

  it('cuts a long line without blanks', () => {
    const text = 'https://example.com/' + 'path'.repeat(20000)
    const parts = pieces(text, 4096)
    assert.equal(parts.join(''), text)
    assert.ok(parts.length <= Math.ceil(text.length / 4096) + 1)
  })

  it('makes no piece of blanks only', () => {
    for (const text of [' '.repeat(10000), '\n'.repeat(10000), `x${'\n'.repeat(10000)}y`, '　'.repeat(9000)]) {
      const parts = pieces(text, 512)
      assert.equal(parts.join('').replace(/\s/g, ''), text.replace(/\s/g, ''))
      for (const part of parts) assert.ok(part.trim(), 'blank piece')
    }
  })
})

describe('resume', () => {
  it('returns complete Markdown', () => {
    assert.equal(resume('a b', 1), 'b')
    assert.equal(resume('```js\none\ntwo\n```', 9), '```js\ntwo\n```')
    assert.equal(resume('| a |\n| - |\n| 1 |\n| 2 |', 17), '| a |\n| - |\n| 2 |')
    assert.equal(resume('<think>\na b</think>c', 10), '<think>\nb</think>c')
    assert.equal(resume('text', 4), '')
    assert.equal(resume('text', 0), 'text')
  })
})

describe('complete', () => {
  it('closes an open fence and <think>, and drops half a character', () => {
    assert.equal(complete('text'), 'text')
    assert.equal(complete('text 😀'), 'text 😀')
    assert.equal(complete('text 😀'.slice(0, -1)), 'text ')
    assert.equal(complete('```js\ncode'), '```js\ncode\n```')
    assert.equal(complete('```js\ncode\n'), '```js\ncode\n```')
    assert.equal(complete('```js\ncode\n```'), '```js\ncode\n```')
    assert.equal(complete('~~~\ncode\n```'), '~~~\ncode\n```\n~~~')
    assert.equal(complete('<think>hm'), '<think>hm</think>')
    assert.equal(complete('<think>hm</think>yes'), '<think>hm</think>yes')
    assert.equal(complete('yes\n<think>hm'), 'yes\n<think>hm</think>')
    assert.equal(complete('<think>hm\n```\ncode'), '<think>hm\n```\ncode\n```\n</think>')
    assert.equal(complete(''), '')
  })

  it('ignores <think> in code', () => {
    for (const text of ['the tag `<think>` opens', '```html\n<think>\n```', 'a `<think>`']) {
      assert.equal(complete(text), text)
    }
  })
})
