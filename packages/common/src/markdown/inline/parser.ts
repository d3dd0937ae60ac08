import { WORD, classBefore } from './characters'
import type { Delimiters, EmphasisOptions, Style } from './delimiters'
import { DelimiterStack, readDelimiters } from './delimiters'
import type { HtmlTag } from './html'
import { readEntity, readTag } from './html'
import type { Target } from './links'
import { endOfUrl, readTarget, unescape } from './links'
import { readMath } from './math'

interface Span {
  /** Offsets in the text. */
  start: number
  end: number
}

/** The parts of a paragraph in order. Together they are the whole text. */
export type InlineToken = Span & (
  | { type: 'text' }
  /** A character that a backslash keeps from being markup. */
  | { type: 'escape', text: string }
  | { type: 'entity', text: string }
  | { type: 'code', text: string }
  /** A formula in LaTeX. */
  | { type: 'math', text: string, isDisplay: boolean }
  | { type: 'html', tag: HtmlTag }
  /** A web or mail address, bare or between angle brackets. */
  | { type: 'url', text: string, href: string }
  /** @property isHidden CommonMark would take the mark for text, or for the other side */
  | { type: 'mark', style: Style, isOpening: boolean, isHidden: boolean }
  | { type: 'link', isOpening: true, isImage: boolean, target: Omit<Target, 'end'> }
  | { type: 'link', isOpening: false, isImage: boolean, target: Omit<Target, 'end'> }
)

export interface InlineOptions extends EmphasisOptions {
  /** Targets of reference links by label, in lower case. */
  references?: Record<string, { href: string, title?: string | null }>
  /** Mail addresses are links. */
  hasMail?: boolean
}

/** Characters that may begin something. */
const special = new Uint8Array(128)
for (const character of '\\`*_~[]!<&$:.@') special[character.charCodeAt(0)] = 1

/** Markup behind so much of it in one paragraph is taken for text: no person and no model writes that. */
const MAX_NODES = 20_000

interface Bracket {
  token: number
  /** Offset of the label. */
  label: number
  isImage: boolean
}

type Node = InlineToken | { type: 'run', run: Delimiters } & Span

/**
 * Splits a paragraph into its inline markup: CommonMark with the extensions of GitHub, except that emphasis and bare
 * addresses also end beside Chinese text, and that a single `~` is no markup, because it stands for "to" in `10~20℃`.
 * It takes time proportional to the length of any text.
 */
export function parseInline(text: string, options: InlineOptions = {}): InlineToken[] {
  return new InlineParser(text, options).parse()
}

class InlineParser {
  private readonly nodes: Node[] = []
  private readonly brackets: Bracket[] = []
  /** Number of brackets, from the outermost, that have a link inside and so begin no link. */
  private inactive = 0
  /** Where the text begins that belongs to no node yet. */
  private pending = 0
  private ticks?: Map<number, number[]>
  private next?: Map<string, number>
  private hasRuns = false
  private readonly hasCjk: boolean

  constructor(private readonly text: string, private readonly options: InlineOptions) {
    this.hasCjk = /[\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]/.test(text)
  }

  parse(): InlineToken[] {
    const { text } = this
    for (let offset = 0; offset < text.length && this.nodes.length < MAX_NODES;) {
      const code = text.charCodeAt(offset)
      offset = code < 128 && special[code] ? this.read(offset) : offset + 1
    }
    this.flush(text.length)
    return this.hasRuns ? pair(this.nodes) : this.nodes as InlineToken[]
  }

  /** Reads what begins at an offset. @returns where to go on */
  private read(start: number): number {
    const { text } = this
    switch (text[start]) {
      case '\\': return this.readEscape(start)
      case '`': return this.readCode(start)
      case '*':
      case '_':
      case '~': return this.readRun(start)
      case '!': return text[start + 1] === '[' ? this.openBracket(start, true) : start + 1
      case '[': return this.openBracket(start, false)
      case ']': return this.closeBracket(start)
      case '<': return this.readAngle(start)
      case '&': {
        const entity = readEntity(text, start)
        return entity ? this.add({ type: 'entity', start, ...entity }) : start + 1
      }
      case '$': return this.readMath(start)
      case ':': return text.startsWith('://', start) ? this.readUrl(start) : start + 1
      case '.': return this.readWww(start)
      default: return this.options.hasMail ? this.readMail(start) : start + 1
    }
  }

  private add(node: Node): number {
    this.flush(node.start)
    this.nodes.push(node)
    return this.pending = node.end
  }

  private flush(end: number) {
    if (end > this.pending) this.nodes.push({ type: 'text', start: this.pending, end })
    this.pending = end
  }

  private readEscape(start: number): number {
    const character = this.text[start + 1]
    if (character === '(' || character === '[') {
      const end = this.readMath(start)
      if (end > start + 1) return end
    }
    if (!character || !/[!-/:-@[-`{-~\n]/.test(character)) return start + 1
    return this.add({ type: 'escape', start, end: start + 2, text: character })
  }

  private readMath(start: number): number {
    const math = readMath(this.text, start, (needle, from) => this.indexOf(needle, from))
    return math ? this.add({ type: 'math', start, ...math }) : start + 1
  }

  private readCode(start: number): number {
    const { text } = this
    const ticks = this.ticks ??= this.findTicks(start)
    let open = start
    while (text[open] === '`') open++
    const length = open - start
    const runs = ticks.get(length) ?? []
    // The runs of this length before here are used up.
    while (runs.length && runs.at(-1)! <= start) runs.pop()
    const close = runs.at(-1)
    if (close === undefined) return open
    let content = text.slice(open, close).replaceAll('\n', ' ')
    if (content.length > 2 && content.startsWith(' ') && content.endsWith(' ') && content.trim()) content = content.slice(1, -1)
    return this.add({ type: 'code', start, end: close + length, text: content })
  }

  /** Collects the runs of backticks by length, the last one first. */
  private findTicks(start: number) {
    const ticks = new Map<number, number[]>()
    for (const { 0: { length }, index } of this.text.slice(start).matchAll(/`+/g)) {
      const runs = ticks.get(length)
      if (runs) runs.push(start + index)
      else ticks.set(length, [start + index])
    }
    for (const runs of ticks.values()) runs.reverse()
    return ticks
  }

  private readRun(start: number): number {
    this.hasRuns = true
    const run = readDelimiters(this.text, start, this.hasCjk, this.options)
    return this.add({ type: 'run', run, start, end: run.end })
  }

  private openBracket(start: number, isImage: boolean): number {
    const label = start + (isImage ? 2 : 1)
    this.flush(start)
    this.brackets.push({ token: this.nodes.length, label, isImage })
    return this.add({ type: 'text', start, end: label })
  }

  private closeBracket(start: number): number {
    const bracket = this.brackets.pop()
    if (!bracket) return start + 1
    const { token, label, isImage } = bracket
    const isActive = isImage || this.brackets.length >= this.inactive
    this.inactive = Math.min(this.inactive, this.brackets.length)
    if (!isActive) return start + 1
    const found = readTarget(this.text, start + 1) ?? this.readReference(label, start)
    if (!found) return start + 1
    const { end, ...target } = found
    if (!isImage) this.inactive = this.brackets.length
    this.nodes[token] = { type: 'link', isOpening: true, isImage, target, start: this.nodes[token].start, end: label }
    return this.add({ type: 'link', isOpening: false, isImage, target, start, end })
  }

  private readReference(label: number, end: number): Target | undefined {
    const { text, options: { references } } = this
    if (!references) return
    const [whole, name] = /^\[([^[\]]{0,999})\]/.exec(text.slice(end + 1, end + 1002)) ?? ['', '']
    const key = unescape(name || text.slice(label, Math.min(end, label + 1000))).replace(/\s+/g, ' ').toLowerCase()
    if (!Object.hasOwn(references, key)) return
    const { href, title } = references[key]
    return { href, title: title ?? undefined, end: end + 1 + whole.length }
  }

  private readAngle(start: number): number {
    const { text } = this
    if (text.startsWith('<!--', start)) {
      const end = this.indexOf('-->', start + 4)
      return end < 0 ? start + 1 : this.add({
        type: 'html', start, end: end + 3, tag: { name: '!--', isClosing: false, attributes: '', end: end + 3 },
      })
    }
    const tag = readTag(text, start)
    if (tag) return this.add({ type: 'html', start, end: tag.end, tag })
    autolink.lastIndex = start
    const [whole, address, mail] = autolink.exec(text) ?? []
    if (!whole) return start + 1
    return this.add({ type: 'url', start, end: start + whole.length, text: address ?? mail, href: address ?? `mailto:${mail}` })
  }

  private readUrl(colon: number): number {
    const { text } = this
    const scheme = /(?:^|[^a-z\d])(https?)$/i.exec(text.slice(Math.max(this.pending, colon - 6), colon))?.[1]
    return scheme ? this.addUrl(colon - scheme.length, '') ?? colon + 1 : colon + 1
  }

  private readWww(dot: number): number {
    const { text } = this
    const start = dot - 3
    const isHost = start >= this.pending && /^www$/i.test(text.slice(start, dot)) && !(classBefore(text, start) & WORD)
    return isHost && text[start - 1] !== '/' ? this.addUrl(start, 'http://') ?? dot + 1 : dot + 1
  }

  private addUrl(start: number, scheme: string): number | undefined {
    const end = endOfUrl(this.text, start)
    if (end === start) return
    const address = this.text.slice(start, end)
    return this.add({ type: 'url', start, end, text: address, href: scheme + address })
  }

  private readMail(at: number): number {
    const { text } = this
    const [name] = /[\w.+-]+$/.exec(text.slice(Math.max(this.pending, at - 64), at)) ?? []
    if (!name) return at + 1
    domain.lastIndex = at + 1
    const [host] = domain.exec(text) ?? []
    if (!host) return at + 1
    const start = at - name.length
    const address = `${name}@${host}`
    return this.add({ type: 'url', start, end: start + address.length, text: address, href: `mailto:${address}` })
  }

  /** Like `indexOf` of strings, but the text is searched once for each string. */
  private indexOf(needle: string, from: number): number {
    const next = this.next ??= new Map<string, number>()
    let index = next.get(needle)
    if (index === undefined || (index >= 0 && index < from)) next.set(needle, index = this.text.indexOf(needle, from))
    return index
  }
}

const autolink = /<(?:([a-z][a-z0-9+.-]{1,31}:[^\s<>]*)|([\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}))>/iy
const domain = /[a-z\d-]{1,63}(?:\.[a-z\d-]{1,63}){1,8}(?<![-_])/iy

/** Pairs the runs of marks, and turns them into tokens. */
function pair(nodes: Node[]): InlineToken[] {
  const stack = new DelimiterStack()
  for (const node of nodes) {
    if (node.type === 'run') stack.push(node.run)
    else if (node.type === 'link') stack[node.isOpening ? 'enterLink' : 'leaveLink']()
  }
  const tokens: InlineToken[] = []
  for (const node of nodes) {
    if (node.type === 'run') addTokens(node.run, tokens)
    else tokens.push(node)
  }
  return tokens
}

function addTokens(run: Delimiters, tokens: InlineToken[]) {
  const { start, closes, opens, rest, isHiddenOpening, isHiddenClosing } = run
  let offset = start
  const add = (style: Style, isOpening: boolean, isHidden: boolean) => {
    const end = offset + (style === 'em' ? 1 : 2)
    tokens.push({ type: 'mark', style, isOpening, isHidden, start: offset, end })
    offset = end
  }
  if (closes) for (const style of closes) add(style, false, isHiddenClosing)
  if (rest) tokens.push({ type: 'text', start: offset, end: offset += rest })
  if (opens) for (const style of opens.reverse()) add(style, true, isHiddenOpening)
}
