/**
 * Plain text in a Markdown message, so that it reads as it was written. WeCom knows no way to escape: a backslash
 * shows, and `\[` even begins a formula. What would be read as markup is parted by blanks instead: a hair space where
 * a mark must not touch the word behind it, a zero-width space where nothing may be seen.
 */

const HAIR = '\u200a'
const ZERO = '\u200b'

/** Four blanks would make a line code. */
const indent = /^(?: {4}| {0,3}\t)[ \t]*(?=\S)/gm

/**
 * Beginnings of a line that make it a heading, a list, a quote, a definition or a fence; and lines that make a rule,
 * or of what is above them a heading or a table.
 */
const block = /^([ \t]*)(?=#{1,6}(?:\s|$)|[-+*](?:\s|$)|\d{1,9}[.)](?:\s|$)|>|\||\[[^[\]]*\]:|~{3}|[-=:*_][-=:*_| \t]*$)/gm

/**
 * Marks of emphasis, code, links, tags, entities and escapes. Those of emphasis part from what follows at once, for
 * their partner may come in a later element. Addresses are left alone, or they would lead nowhere.
 */
const inline = new RegExp([
  /((?<!\w)https?:\/\/(?:[^\s<>*~`\\[\]()&]|&(?!#?\w{1,32};))+)/u,
  /(\*+(?=\S|$)|(?<![\p{L}\p{N}_])_+(?=\S|$)|~~+(?=\S|$)|~(?=[^\s~][^~]*~)|\](?=[([]|$))/u,
  /(`+)/u,
  /(?:<(?=[a-z/!?@]|$)|&(?=#?\w{1,32};)|\\(?=[!-/:-@[-`{-~\r\n]|$))/u,
].map(({ source }) => source).join('|'), 'giu')

/** @returns Markdown that shows `text` literally */
export function escapeMarkdown(text: string): string {
  return text
    .replace(indent, blanks => blanks.replace(/\t/g, '    ').replace(/ /g, '\u00a0'))
    .replace(block, blanks => blanks + ZERO)
    .replace(inline, (mark, address, apart, tick) => {
      if (address) return mark
      if (tick) return tick.replace(/`/g, 'ˋ')
      return mark + (apart ? HAIR : ZERO)
    })
}
