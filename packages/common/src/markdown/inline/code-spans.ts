/** Finds code spans from the left to the right, in time proportional to the length of the text. */
export class CodeSpans {
  /** The offsets of runs of backticks by their length, the last one first. */
  private readonly runs = new Map<number, number[]>()

  /** @param start the first backtick */
  constructor(private readonly text: string, start: number) {
    for (const { 0: { length }, index } of text.slice(start).matchAll(/`+/g)) {
      const runs = this.runs.get(length)
      if (runs) runs.push(start + index)
      else this.runs.set(length, [start + index])
    }
    for (const runs of this.runs.values()) runs.reverse()
  }

  /**
   * Reads what a run of backticks begins.
   * @param start its offset; not before that of an earlier call
   * @returns the end of the span and its text, or only the end of the run if nothing closes it
   */
  read(start: number): { end: number, text?: string } {
    let open = start
    while (this.text[open] === '`') open++
    const length = open - start
    const runs = this.runs.get(length) ?? []
    // The runs of this length before here are used up.
    while (runs.length && runs.at(-1)! <= start) runs.pop()
    const close = runs.at(-1)
    return close === undefined ? { end: open } : { end: close + length, text: contentOf(this.text.slice(open, close)) }
  }
}

/** @see https://spec.commonmark.org/0.31.2/#code-spans */
function contentOf(span: string): string {
  const content = span.replaceAll('\n', ' ')
  const isPadded = content.length > 2 && content.startsWith(' ') && content.endsWith(' ') && content.trim()
  return isPadded ? content.slice(1, -1) : content
}
