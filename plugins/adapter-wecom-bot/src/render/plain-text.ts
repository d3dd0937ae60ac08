/**
 * Markdown as text that reads well where markup is not shown: marks go, what they marked stays. Code is left as it is,
 * and so is all that is no markup.
 */
export function toPlainText(markdown: string): string {
  const lines: string[] = []
  let fence = ''
  for (const line of markdown.replace(/<think>[^]*?(?:<\/think>|$)/g, '').split('\n')) {
    const [, mark = ''] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? []
    if (fence) {
      if (mark.startsWith(fence)) fence = ''
      else lines.push(line)
    } else if (mark) {
      fence = mark
    } else if (!/^\s*\|(?:\s*:?-+:?\s*\|)+\s*$/.test(line)) {
      lines.push(block(line))
    }
  }
  return lines.map(line => line.trimEnd()).join('\n').replace(/\n{3,}/g, '\n\n').trim()
}

function block(line: string): string {
  const row = /^\s*\|(.*)\|\s*$/.exec(line)
  if (row) return inline(row[1].trim().replace(/\s*\|\s*/g, '  '))
  return inline(line.replace(/^( {0,3})#{1,6}\s+/, '$1'))
}

/** Code first: what is in it is no markup. */
const code = /(`+)([^`]|[^`][^]*?[^`])\1(?!`)/g

function inline(text: string): string {
  let result = ''
  let at = 0
  for (const match of text.matchAll(code)) {
    result += marks(text.slice(at, match.index)) + match[2].replace(/^ (.*`.*) $/, '$1')
    at = match.index + match[0].length
  }
  return result + marks(text.slice(at))
}

function marks(text: string): string {
  return text
    .replace(/!\[([^\]\n]*)\]\(([^()\s]+)\)/g, (_, title, url) => title ? `${title} ${url}` : url)
    .replace(/\[([^\]\n]+)\]\(([^()\s]+)\)/g, (_, title, url) => title === url ? url : `${title} (${url})`)
    .replace(/(\*\*|~~)(?=\S)([^\n]*?\S)\1/g, '$2')
    .replace(/(?<![\p{L}\p{N}*])\*(?=[^\s*])([^\n*]*?[^\s*])\*(?![\p{L}\p{N}*])/gu, '$1')
    // What keeps literal text from being read as markup is not needed any more.
    .replace(/[\u200a\u200b]/g, '')
    .replace(/ˋ/g, '`')
    .replace(/\u00a0/g, ' ')
}
