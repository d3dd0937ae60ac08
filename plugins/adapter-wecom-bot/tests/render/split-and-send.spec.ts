import assert from 'node:assert/strict'
import { cpuTimeMs } from 'common/testing'
import { pieces } from '../../src/render/split'
import { walk } from '../support/markdown'
import { Random } from '../support/random'

/** Markdown in which every word is unique, so that each can be traced. */
class Author {
  private serial = 0

  constructor(readonly random: Random) {}

  word() {
    const ending = this.random.pick(['', '', 'word', '企业', '😀', '👨‍👩‍👧', 'é'])
    return `w${this.serial++}${ending}`
  }

  words(from: number, to: number) {
    return this.random.times(from, to, () => this.word()).join(this.random.pick([' ', ' ', '。 ', ', ']))
  }

  code(indent = '') {
    const mark = this.random.pick(['```', '~~~', '````'])
    const lines = this.random.times(1, 40, () => ' '.repeat(this.random.integer(0, 6)) + this.words(1, 8))
    return [mark + this.random.pick(['', `lang${this.word()}`]), ...lines, mark].map(line => indent + line).join('\n')
  }

  table() {
    const width = this.random.integer(1, 4)
    const row = () => `| ${Array.from({ length: width }, () => this.words(1, 2)).join(' | ')} |`
    return [row(), `|${' --- |'.repeat(width)}`, ...this.random.times(1, 40, row)].join('\n')
  }

  list() {
    return this.random.times(1, 12, (index) => {
      const mark = this.random.pick(['- ', `${index + 1}. `, `  - `])
      const code = this.random.next() < 0.2 ? `\n\n${this.code(' '.repeat(mark.length))}\n` : ''
      return mark + this.words(1, 20) + code
    }).join('\n')
  }

  block() {
    return this.random.pick([
      () => this.words(1, 120),
      () => this.words(1, 120),
      () => `## ${this.words(1, 6)}`,
      () => this.words(1, 40).split(' ').join('\n'),
      () => this.code(),
      () => this.table(),
      () => this.list(),
    ])()
  }

  text() {
    return this.random.times(1, 24, () => this.block()).join('\n\n')
  }
}

/** Each word, and whether it is in code, in a table or in text. */
function places(text: string): Map<string, string> {
  const result = new Map<string, string>()
  for (const { token, within } of walk(text)) {
    const hasParts = 'tokens' in token && !!token.tokens
    if (hasParts || token.type === 'table' || token.type === 'list') continue
    const place = token.type === 'code' ? 'code' : within.includes('table') ? 'table' : 'text'
    for (const [word] of token.raw.matchAll(/w\d+/g)) result.set(word, place)
  }
  return result
}

function words(text: string) {
  return [...text.matchAll(/w\d+/g)].map(([word]) => word)
}

/** Whether the characters of a text occur in another one in the same order. */
function contains(whole: string, text: string) {
  let at = 0
  for (const character of whole) {
    if (text.startsWith(character, at)) at += character.length
  }
  return at === text.length
}

describe('pieces', () => {
  for (const limit of [2048, 4096, 20480]) {
    it(`of at most ${limit} bytes keep every word in order`, () => {
      for (let seed = 0; seed < 120; seed++) {
        const text = new Author(new Random(seed * 7919 + limit)).text()
        const parts = pieces(text, limit)
        const seen = new Set<string>()
        const original = places(text)
        for (const part of parts) {
          assert.ok(Buffer.byteLength(part) <= limit, `seed ${seed}: ${Buffer.byteLength(part)} bytes`)
          assert.equal(Buffer.from(part).toString(), part, `seed ${seed}: half a character`)
          assert.ok(part.trim(), `seed ${seed}: blank`)
          for (const word of words(part)) seen.add(word)
          for (const [word, place] of places(part)) {
            assert.equal(place, original.get(word) ?? 'code', `seed ${seed}: ${word} in\n${part}`)
          }
        }
        // Repeated fences and headers contain known words, so the order of first occurrence is that of the text.
        assert.deepEqual([...seen], words(text), `seed ${seed}`)
        assert.ok(parts.length <= Buffer.byteLength(text) / limit * 3 + 1, `seed ${seed}: ${parts.length} pieces`)
      }
    })
  }

  it('are as few as possible for any characters', () => {
    const alphabet = [...'a é企😀\n\n`~|-# ．。,', '👨‍👩‍👧', '```', '\n```js\n', '\n| a | b |\n| - | - |\n', '<think>', '\r\n']
    for (let seed = 0; seed < 300; seed++) {
      const random = new Random(seed)
      const text = random.times(500, 1500, () => random.pick(alphabet)).join('')
      const parts = pieces(text, 256)
      for (const part of parts) assert.ok(Buffer.byteLength(part) <= 256, `seed ${seed}`)
      assert.ok(contains(parts.join(''), text.replace(/\s/g, '')), `seed ${seed}: something is lost`)
    }
  })

  it('end even if a line of marks is longer than a piece', () => {
    for (const mark of ['`', '~']) {
      for (const length of [20, 200, 400, 3000]) {
        const parts = pieces(`intro\n\n${mark.repeat(length)}js\n${'code\n'.repeat(200)}`, 256)
        assert.ok(parts.length < 60)
        for (const part of parts) assert.ok(Buffer.byteLength(part) <= 256)
      }
    }
  })

  it('of a megabyte are made within five seconds', () => {
    const author = new Author(new Random(1))
    let text = ''
    while (text.length < 1_000_000) text += author.block() + '\n\n'
    const begin = cpuTimeMs()
    const parts = pieces(text, 4096)
    assert.ok(parts.length > 200)
    assert.ok(cpuTimeMs() - begin < 5000, `${cpuTimeMs() - begin} ms`)
  })
})
