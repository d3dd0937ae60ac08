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

const PARTS = 16

/**
 * How many times as long the whole text may take as its parts one after another: linear code takes about as long,
 * quadratic code 16 times as long. What lies between is left to the collection of garbage and to other processes.
 */
const MAX_GROWTH = 6

/** Half of what a megabyte may take. What is shorter is not compared with its parts. */
const MIN_MS = 75

function check(
  run: (text: string) => unknown, name: string, make: (count: number) => string, maxCharacters: number, maxMs: number,
) {
  const text = make(maxCharacters)
  const part = make(maxCharacters / PARTS)
  let wholeMs = cpuMs(run, text)
  let partsMs = 0
  let allowedMs = maxMs
  const isLinear = () => wholeMs <= allowedMs && (wholeMs <= MIN_MS || wholeMs <= partsMs * MAX_GROWTH)
  for (let attempt = 0; attempt < 8 && !isLinear(); attempt++) {
    // The slowest of several, because the machine may be busy at one moment and idle at the next.
    if (wholeMs > allowedMs) allowedMs = Math.max(allowedMs, maxMs * slowness())
    partsMs = Math.max(partsMs, cpuMs(() => { for (let count = 0; count < PARTS; count++) run(part) }, ''))
    wholeMs = Math.min(wholeMs, cpuMs(run, text))
  }
  const measured = `${wholeMs.toFixed(1)} ms, in ${PARTS} parts ${partsMs.toFixed(1)} ms (allowed: ${allowedMs.toFixed(0)} ms)`
  assert.ok(isLinear(), `${maxCharacters} characters of ${name} take ${measured}`)
}

/** CPU time of the references on an idle machine, without coverage. */
const READING_MS = 40
const BUILDING_MS = 15
const readText = 'a `b` **c** [d](e)\n'.repeat(360_000)
const builtText = 'a `b` **c** [d](e)\n'.repeat(20_000)

/**
 * How many times slower than usual code runs at present: other processes share cores and caches, coverage counts, and
 * memory is dearer on some machines than on others. Reading a text and building one are measured apart.
 */
export function slowness(): number {
  // The first run also compiles.
  const readingMs = Math.min(cpuMs(read, readText), cpuMs(read, readText))
  const buildingMs = Math.min(cpuMs(build, builtText), cpuMs(build, builtText))
  return Math.max(1, readingMs / READING_MS, buildingMs / BUILDING_MS)
}

/** Builds a text as renderers do, by replacing marks. */
function build(text: string): string {
  return text.replace(/[`*]/g, mark => `${mark}\u200b`)
}

/** Reads a text as parsers do, character by character and with regular expressions. */
function read(text: string): number {
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
