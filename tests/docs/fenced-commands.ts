/** A command in the fenced shell code of a page. */
export interface FencedCommand {
  command: string
  /** The lines after it that are comments: what it prints. */
  output: string[]
}

/** The commands of a page, in order: continued lines are joined, and comments at their ends left out. */
export function fencedCommands(text: string): FencedCommand[] {
  const found: FencedCommand[] = []
  for (const [, indent, code] of text.matchAll(/^( *)```(?:sh|bash|shell|console)\n([^]*?)^ *```/gm)) {
    let last: FencedCommand | undefined
    for (const line of code.replace(/\\\n\s*/g, '').split('\n')) {
      const content = line.slice(indent.length)
      if (!content.trim()) last = undefined
      else if (content.startsWith('#')) last?.output.push(content.slice(1).trim())
      else found.push(last = { command: content.replace(/\s+#\s.*$/, '').trim(), output: [] })
    }
  }
  return found
}
