/**
 * Escaping for WeCom's Markdown, which has no escape character: a backslash is shown, and `\[` starts a formula.
 * Instead, spaces are inserted into what would be markup: a hair space where a mark must not touch the next word, a
 * zero-width space elsewhere.
 */

const HAIR_SPACE = '\u200a'
const ZERO_WIDTH_SPACE = '\u200b'

/** Indentation of four spaces or more, which makes a line code. */
const indent = /^(?: {4}| {0,3}\t)[ \t]*(?=\S)/gm

/**
 * Starts of lines that make a heading, a list item, a quote, a link definition or a code fence, and lines that make a
 * rule, or make a heading or a table of the line above.
 */
const block = /^([ \t]*)(?=#{1,6}(?:\s|$)|[-+*](?:\s|$)|\d{1,9}[.)](?:\s|$)|>|\||\[[^[\]]*\]:|~{3}|[-=:*_][-=:*_| \t]*$)/gm

/**
 * Marks of emphasis, code, links, tags, entities and escapes. Marks of emphasis are separated from the next word even
 * if they are not closed, since a later element may close them. URLs are matched first and kept as they are.
 */
const inline = new RegExp([
  /((?<!\w)[Hh][Tt][Tt][Pp][Ss]?:\/\/(?:[^\s<>*~`\\[\]()&]|&(?!#?\w{1,32};))+)/u,
  /(\*+(?=\S|$)|(?<![\p{L}\p{N}_])_+(?=\S|$)|~~+(?=\S|$)|~(?=[^\s~][^~]*~)|\](?=[([]|$))/u,
  /(`+)/u,
  /(?:<(?=[a-zA-Z/!?@]|$)|&(?=#?\w{1,32};)|\\(?=[!-/:-@[-`{-~\r\n]|$))/u,
].map(({ source }) => source).join('|'), 'gu')

/** @returns Markdown that is shown as `text` */
export function escapeMarkdown(text: string): string {
  return text
    .replace(indent, blanks => blanks.replace(/\t/g, '    ').replace(/ /g, '\u00a0'))
    .replace(block, blanks => blanks + ZERO_WIDTH_SPACE)
    .replace(inline, (mark, address, isEmphasis, tick) => {
      if (address) return mark
      if (tick) return 'ˋ'.repeat(tick.length)
      return mark + (isEmphasis ? HAIR_SPACE : ZERO_WIDTH_SPACE)
    })
}
