import { CJK, WORD, classAt } from '../characters'

/** What stands behind the label of a link. */
export interface Target {
  /** As it was written, without angle brackets and with backslashes resolved. */
  href: string
  title?: string
  /** Offset behind the closing parenthesis. */
  end: number
}

/** Longer targets of links, in characters, are taken for text. */
const MAX_TARGET_CHARACTERS = 2048

const spaces = /[ \t]*\n?[ \t]*/y
const angled = /<((?:[^<>\\\n]|\\.){0,2048})>/y
const title = /"((?:[^"\\\n]|\\.){0,500})"|'((?:[^'\\\n]|\\.){0,500})'/y
/** Models leave spaces in the names of files. Brackets may begin another link. */
const spaced = /(https?:\/\/[^()[\]<>\n]{1,2000})\)/iy

/**
 * Reads the target of an inline link, `(https://koishi.chat "title")`. A web address may have spaces in it, which
 * CommonMark does not allow.
 * @param offset of the opening parenthesis
 */
export function readTarget(text: string, offset: number): Target | undefined {
  if (text[offset] !== '(') return
  const start = match(spaces, text, offset + 1)!.end
  return readStrict(text, start) ?? readSpaced(text, start)
}

function readStrict(text: string, start: number): Target | undefined {
  const address = text[start] === '<' ? match(angled, text, start) : bare(text, start)
  if (!address) return
  const [, href = ''] = address.groups
  const behind = match(spaces, text, address.end)!.end
  const label = behind > address.end ? match(title, text, behind) : undefined
  const end = label ? match(spaces, text, label.end)!.end : behind
  if (text[end] !== ')') return
  return { href: unescape(href), title: label && (label.groups[1] ?? label.groups[2]), end: end + 1 }
}

function readSpaced(text: string, start: number): Target | undefined {
  const found = match(spaced, text, start)
  if (!found) return
  const content = found.groups[1].trim()
  const quote = content.endsWith('"') ? content.indexOf(' "') : -1
  if (quote < 0) return { href: content, end: found.end }
  return { href: content.slice(0, quote).trim(), title: content.slice(quote + 2, -1), end: found.end }
}

/** An address without blanks, in which parentheses are balanced. */
function bare(text: string, start: number) {
  let depth = 0
  let end = start
  for (; end < text.length && end - start < MAX_TARGET_CHARACTERS; end++) {
    const code = text.charCodeAt(end)
    if (code <= 32) break
    if (code === 92) end++
    else if (code === 40 && ++depth > 32) return
    else if (code === 41 && --depth < 0) break
  }
  return depth > 0 ? undefined : { groups: ['', text.slice(start, end)], end }
}

function match(pattern: RegExp, text: string, offset: number) {
  pattern.lastIndex = offset
  const groups = pattern.exec(text)
  return groups ? { groups: groups as string[], end: pattern.lastIndex } : undefined
}

export function unescape(text: string): string {
  return text.includes('\\') ? text.replace(/\\([!-/:-@[-`{-~])/g, '$1') : text
}

const host = /(?:https?:\/\/|www\.)[\w.~%@:-]*\w/iy
const character = /[\w.~%!$&'*+,;=:@/?#()|-]/

/**
 * The end of the bare web address at an offset. Chinese text follows an address without a space: the address ends
 * before its punctuation, and before its letters, except where they begin behind a delimiter, as in `/wiki/中国`.
 * @see https://github.github.com/gfm/#autolinks-extension-
 */
export function endOfUrl(text: string, start: number): number {
  const found = match(host, text, start)
  if (!found) return start
  let { end } = found
  if (!'/?#'.includes(text[end] || ' ')) return end
  let isLetterAllowed = false
  let depth = 0
  for (; end < text.length; end++) {
    const letter = text[end]
    if (letter <= '\x7f') {
      if (!character.test(letter)) break
      if (letter === '(') depth++
      else if (letter === ')' && --depth < 0) break
      isLetterAllowed = '/=_-#+'.includes(letter)
    } else {
      const bits = classAt(text, end)
      if (!(bits & WORD) || (bits & CJK && !isLetterAllowed)) break
    }
  }
  while (end > found.end && /[?!.,:;*_~'"(|&]/.test(text[end - 1])) end--
  return end
}
