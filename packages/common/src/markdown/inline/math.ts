/** The delimiters of formulas in LaTeX, as models write them. */
const delimiters: [open: string, close: string, isDisplay: boolean][] = [
  ['\\[', '\\]', true], ['\\(', '\\)', false], ['$$', '$$', true], ['$', '$', false],
]

/** Longer formulas, in characters, are taken for text. */
const MAX_MATH_CHARACTERS = 2000

/**
 * Reads the formula that begins at an offset. Sums of money are none: a dollar sign has no blank beside it inside and
 * no digit or letter outside, and there is no Chinese between two of them.
 * @param indexOf finds a string in the text from an offset on
 */
export function readMath(text: string, start: number, indexOf: (needle: string, from: number) => number) {
  for (const [open, close, isDisplay] of delimiters) {
    if (!text.startsWith(open, start)) continue
    const from = start + open.length
    const to = indexOf(close, from)
    if (to < 0 || to - from > MAX_MATH_CHARACTERS) return
    const content = text.slice(from, to)
    const end = to + close.length
    if (!/[\w\\]/.test(content) || (!isDisplay && content.includes('\n'))) return
    if (open === '$' && !isDollarMath(text, start, end, content)) return
    return { text: content.trim(), isDisplay, end }
  }
}

function isDollarMath(text: string, start: number, end: number, content: string) {
  const isApart = !/[\w$\\]/.test(text[start - 1] ?? ' ') && !/[\w$]/.test(text[end] ?? ' ')
  return isApart && !/^\s|\s$|[\u2e80-\u9fff\uff00-\uffef]/.test(content)
}
