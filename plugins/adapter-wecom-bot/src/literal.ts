/**
 * Plain text in a Markdown message, so that it reads as it was written. WeCom knows no way to escape: a backslash
 * shows, and `\[` even begins a formula. What would be read as markup is parted by blanks instead: a hair space where
 * a mark must not touch the word behind it, a zero-width space where a line must not begin with a mark.
 */

const HAIR = '\u200a'
const ZERO = '\u200b'

/** Beginnings of a line that make it a heading, list, quote, rule, table, definition or fence. */
const block = /^([ \t]*)(?=#{1,6}(?:\s|$)|[-+*](?:\s|$)|\d{1,9}[.)](?:\s|$)|>|[-*_=](?:[ \t]*[-*_=]){2,}[ \t]*$|=+[ \t]*$|\||:?-+:?[ \t]*\||\[[^\]]*\]:|`{3,}|~{3,})/gm

/** Four blanks would make a line code. */
const indent = /^(?: {4}|\t)[ \t]*/gm

/**
 * Marks that open emphasis, code, links or tags: where text follows at once, they part from it.
 * `*` and `_` need a partner, but it may come in a later element.
 */
const inline = /(\*+|~~+|(?<![\p{L}\p{N}])_+)(?=\S)|(`+)|(!?\[)(?=[^\]\n]*\][([])|(\])(?=[([])|(<)(?=[a-z/!?@])/giu

/** @returns Markdown that shows `text` literally */
export function literal(text: string): string {
  return text
    .replace(indent, blanks => blanks.replace(/\t/g, '    ').replace(/ /g, '\u00a0'))
    .replace(block, blanks => blanks + ZERO)
    .replace(inline, (mark, star, tick, bracket, end, angle) => {
      if (tick) return tick.replace(/`/g, 'ˋ')
      if (angle) return mark + ZERO
      return mark + HAIR
    })
}
