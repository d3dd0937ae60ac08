import { stripVTControlCharacters } from 'node:util'

const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Han, kana, hangul, full-width forms and emoji take two columns. */
const wide = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u

/** The width of a text in terminal columns. */
export function width(text: string) {
  let columns = 0
  for (const { segment } of letters.segment(text)) {
    columns += wide.test(segment) ? 2 : /^[\p{M}\p{Cf}\p{Cc}]*$/u.test(segment) ? 0 : 1
  }
  return columns
}

/** Wraps a text into rows of at most `columns` columns. */
export function wrap(text: string, columns: number): string[] {
  return text.split('\n').flatMap((line) => {
    const rows = ['']
    let used = 0
    for (const { segment } of letters.segment(line)) {
      const size = width(segment)
      if (used + size > columns) {
        rows.push('')
        used = 0
      }
      rows[rows.length - 1] += segment
      used += size
    }
    return rows
  })
}

/**
 * Prepares a message for the terminal: removes control characters and marks the thinking block. An empty block means
 * that the bot is working.
 */
export function toPlainText(content: string) {
  return stripVTControlCharacters(content)
    .replace(/\r\n?/g, '\n')
    .replace(/\t/g, '  ')
    .replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, '')
    .replace(/<think>([^]*?)(<\/think>\n*|$)/g, (_, thought: string) => {
      const text = thought.trim()
      return text ? `💭 ${text.split('\n').join('\n   ')}\n` : '💭\n'
    })
    .trimEnd()
}
