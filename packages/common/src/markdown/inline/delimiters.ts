import { CJK, DIGIT, OPENING, PUNCTUATION, SPACE, WORD, classAt, classBefore } from '../characters'

export type Style = 'strong' | 'em' | 'del'

/** A run of `*`, `_` or `~~`, which may open and close emphasis. */
export interface Delimiters {
  start: number
  end: number
  character: string
  canOpen: boolean
  canClose: boolean
  /** CommonMark would not see that it can open, or close. */
  isHiddenOpening: boolean
  isHiddenClosing: boolean
  /** The emphasis that it closes and opens, each innermost first. */
  closes?: Style[]
  opens?: Style[]
  /** Number of characters that neither open nor close anything. */
  rest: number
}

export interface EmphasisOptions {
  /** Asterisks between letters or digits are no emphasis, as in `2*3*4`. */
  keepsIntraword?: boolean
}

/**
 * Reads a run of marks. CommonMark wants a space or punctuation outside of a mark that has punctuation inside, and
 * Chinese has no spaces between words: `**注意：**正文` would keep its stars. So CJK punctuation counts as a letter
 * here, and a CJK letter counts as a space beside other punctuation.
 * @param hasCjk whether the text is Chinese, where an asterisk between digits is a multiplication sign
 * @see https://spec.commonmark.org/0.31.2/#left-flanking-delimiter-run
 */
export function readDelimiters(
  text: string, start: number, hasCjk: boolean, { keepsIntraword }: EmphasisOptions,
): Delimiters {
  const character = text[start]
  let end = start + 1
  while (text[end] === character) end++
  const before = classBefore(text, start)
  const after = classAt(text, end)
  const left = isFlanking(before, after)
  const right = isFlanking(after, before)
  let canOpen = left
  // Strong emphasis is closed beside a word as well: `**Note:**text`.
  let canClose = right || (character === '*' && end - start > 1 && !(before & (SPACE | OPENING)))
  if (character === '_') {
    canOpen = left && (!right || (before & PUNCTUATION) > 0)
    canClose = right && (!left || (after & PUNCTUATION) > 0)
  } else if (character === '*' && end - start === 1) {
    const isProduct = hasCjk && (before & after & DIGIT) > 0
    canOpen &&= !isProduct && !(keepsIntraword && before & WORD)
    canClose &&= !isProduct && !(keepsIntraword && after & WORD)
  } else if (character === '~' && end - start !== 2) {
    canOpen = canClose = false
  }
  return {
    start, end, character, canOpen, canClose,
    isHiddenOpening: canOpen && !isPlainlyFlanking(before, after),
    isHiddenClosing: canClose && !isPlainlyFlanking(after, before),
    rest: end - start,
  }
}

/** Whether a run is beside text on its inner side. */
function isFlanking(outside: number, inside: number): boolean {
  if (inside & SPACE) return false
  return !(inside & PUNCTUATION) || (inside & CJK) > 0 || (outside & (SPACE | PUNCTUATION | CJK)) > 0
}

/** Whether a run is that by the rules of CommonMark, which know no CJK. */
export function isPlainlyFlanking(outside: number, inside: number): boolean {
  return !(inside & SPACE) && (!(inside & PUNCTUATION) || (outside & (SPACE | PUNCTUATION)) > 0)
}

/** Kinds of closing runs: by character, by whether they can open, and by their length modulo 3. */
const KINDS = 18

/** Pairs the runs of a text. No pair reaches into a link or out of it. */
export class DelimiterStack {
  private readonly open: Delimiters[] = []
  private readonly links: number[] = []
  /** By kind of closing run: nothing below this height opens for it. */
  private readonly bottoms = new Uint32Array(KINDS)

  /** Takes the next run: it closes what it can, and may open with what remains. */
  push(run: Delimiters) {
    const { character } = run
    while (run.canClose && run.rest) {
      const opener = this.find(run)
      if (!opener) break
      const size = character === '~' || (opener.rest > 1 && run.rest > 1) ? 2 : 1
      const style = character === '~' ? 'del' : size === 2 ? 'strong' : 'em'
      ;(opener.opens ??= []).push(style)
      ;(run.closes ??= []).push(style)
      opener.rest -= size
      run.rest -= size
      if (!opener.rest) this.truncate(this.open.length - 1)
    }
    if (run.canOpen && run.rest) this.open.push(run)
  }

  enterLink() {
    this.links.push(this.open.length)
  }

  leaveLink() {
    this.truncate(this.links.pop() ?? 0)
  }

  /** The newest run that `run` can close; runs above it are dropped. */
  private find(run: Delimiters): Delimiters | undefined {
    const { open } = this
    const length = run.end - run.start
    const kind = '*_~'.indexOf(run.character) * 6 + (run.canOpen ? 3 : 0) + length % 3
    const bottom = Math.max(this.links.at(-1) ?? 0, this.bottoms[kind])
    for (let index = open.length - 1; index >= bottom; index--) {
      const opener = open[index]
      if (opener.character !== run.character) continue
      // https://spec.commonmark.org/0.31.2/#emphasis-and-strong-emphasis, rules 9 and 10
      const sum = opener.end - opener.start + length
      if ((opener.canClose || run.canOpen) && sum % 3 === 0 && length % 3) continue
      this.truncate(index + 1)
      return opener
    }
    this.bottoms[kind] = open.length
  }

  private truncate(height: number) {
    const { bottoms, open } = this
    if (height >= open.length) return
    open.length = height
    for (let kind = 0; kind < KINDS; kind++) if (bottoms[kind] > height) bottoms[kind] = height
  }
}
