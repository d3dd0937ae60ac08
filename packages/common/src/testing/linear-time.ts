import assert from 'node:assert/strict'

/** Pieces of text that make naive parsers quadratic, when they are repeated. */
export const hostilePieces = [
  'a', ' ', '\t', '\n', ' \n', '\r\n', '[', ']', '[]', '![', '](', '[a](', '[a](b', '[a](http://x y', '[a][', '[a]: b\n', '`', '`a', '`a``b',
  '*', '**', '*a ', 'a*', '**a ', '**a** ', '*a_b', '_', '__a ', 'a_', '~', '~~', '~~a ', '~a', '***a', '>', '> ', '>\n', '-', '- ', '- a\n',
  '  - a\n', '1. ', '1. a\n', '#', '# a\n', '|', '|---', '| a |\n', '| a |\n| - |\n', '|-|\n', '<', '<a', '<a ', '<!--', '<b>', '</b>', '<think>',
  '<think>\n', '</think>', '&', '&amp', '&#1', '&amp;', '(', ')', '()', '\\', '\\(', '\\[', '\\a', '\\\n', '$', '$$', '$a$', '$a', '=', '=\n', '---\n',
  '```', '```\n', '```js\na\n', '~~~\n', '    a\n', '@', '@a', 'a@', 'a@b.c', '@小助手 ', 'http://', 'https://x.', 'http://x/(', 'www.', 'www.a.b ',
  '"', '\'', '。', '，', '**注意：**', '「', '（', '😀', '\ud83d', '\ude00', '\u0301', '\u200d', '\u3000', '[^1]', '[^1]: a\n', '- [ ] a\n', '\0',
  '{', '":', '[[],', '<![CDATA[', 'a:', '/', '/新对话 ', ';', '\ufeff',
]

/** Texts that repeat two pieces, or end in what the pieces could have needed. */
const combinations: ((count: number) => string)[] = [
  count => `${'['.repeat(count / 2)}${']('.repeat(count / 4)}`,
  count => `${'*a '.repeat(count / 6)}${'a* '.repeat(count / 6)}`,
  count => '**a _a '.repeat(count / 7),
  count => `a${' '.repeat(count - 2)}b`,
  count => `a${'\n'.repeat(count - 2)}b`,
  count => `${'> '.repeat(200)}a\n`.repeat(count / 402),
  count => Array.from({ length: Math.sqrt(count) }, (_, index) => '`'.repeat(index + 1)).join('a'),
  count => `[${'a'.repeat(count / 2)}](${'b'.repeat(count / 2)}`,
  count => `<a ${'a'.repeat(count)}`,
  count => `| ${'a | '.repeat(count / 4)}\n`,
  count => `${'- '.repeat(100)}a\n`.repeat(count / 202),
]

/** Pieces that are repeated up to a megabyte; the others up to an eighth of it. */
const longPieces = ['a', ' ', '\n', '[', '`', '*', '~a', '> ', '- a\n', '| a |\n', '<', '**注意：**', '```\n', '😀']

const MAX_CHARACTERS = 2 ** 20

/**
 * Checks that a function takes time proportional to the length of its text, by repeating hostile texts up to a
 * megabyte. It measures CPU time, and repeats a measurement that looks too long, because the machine may be busy.
 * @param maxMs CPU time that a megabyte may take
 */
export function assertLinear(run: (text: string) => unknown, maxMs = 150) {
  for (const piece of hostilePieces) {
    const make = (count: number) => piece.repeat(count / piece.length)
    check(run, JSON.stringify(piece), make, longPieces.includes(piece) ? MAX_CHARACTERS : MAX_CHARACTERS / 8, maxMs)
  }
  for (const [index, make] of combinations.entries()) check(run, `combination ${index}`, make, MAX_CHARACTERS / 8, maxMs)
}

const SMALLEST_PART = 16

/** Half of what a megabyte may take. What is shorter may grow by the collection of garbage alone. */
const MIN_MS = 75

function check(
  run: (text: string) => unknown, name: string, make: (count: number) => string, maxCharacters: number, maxMs: number,
) {
  let before = Infinity
  for (let count = maxCharacters / SMALLEST_PART; count <= maxCharacters; count *= 4) {
    const text = make(count)
    let ms = cpuMs(run, text)
    // Four times the text takes four times as long, apart from the collection of garbage.
    const isSlow = () => ms > maxMs || (ms > MIN_MS && ms > before * 8)
    for (let attempt = 0; isSlow() && attempt < 8; attempt++) ms = Math.min(ms, cpuMs(run, text) / slowness())
    assert.ok(!isSlow(), `${count} characters of ${name} take ${ms.toFixed(1)} ms, a quarter of them ${before.toFixed(1)} ms`)
    before = ms
  }
}

/** CPU time of `reference` on an idle machine, without coverage. */
const REFERENCE_MS = 40
const referenceText = 'a `b` **c** [d](e)\n'.repeat(360_000)

/** How many times slower than usual code runs at present: other processes share cores and caches, coverage counts. */
export function slowness(): number {
  // The first run also compiles it.
  const ms = Math.min(cpuMs(reference, referenceText), cpuMs(reference, referenceText))
  return Math.max(1, ms / REFERENCE_MS)
}

/** Reads a text as parsers do, character by character and with regular expressions. */
function reference(text: string): number {
  let marks = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x2a || code === 0x60 || code === 0x5b) marks++
    if (code === 0x0a) marks += isItem(text, at + 1) ? 1 : 0
  }
  return marks
}

const item = /[-+*] |\d+\. /y

function isItem(text: string, at: number): boolean {
  item.lastIndex = at
  return item.test(text)
}

function cpuMs(run: (text: string) => unknown, text: string): number {
  const start = process.cpuUsage()
  run(text)
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}
