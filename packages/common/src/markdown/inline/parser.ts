import type { Address } from './addresses'
import { readAutolink, readMail, readUrl, readWww } from './addresses'
import { CodeSpans } from './code-spans'
import type { EmphasisOptions } from './delimiters'
import { readDelimiters } from './delimiters'
import { readEntity, readTag } from './html'
import type { Target } from './links'
import { readTarget, unescape } from './links'
import { readMath } from './math'
import { pairMarks } from './pair-marks'
import type { InlineNode, InlineToken } from './token'

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

/**
 * Splits a paragraph into its inline markup: CommonMark with the extensions of GitHub, except that emphasis and bare
 * addresses also end beside Chinese text, and that a single `~` is no markup, because it stands for "to" in `10~20℃`.
 * It takes time proportional to the length of any text.
 */
export function parseInline(text: string, options: InlineOptions = {}): InlineToken[] {
  return new InlineParser(text, options).parse()
}

class InlineParser {
  private readonly nodes: InlineNode[] = []
  private readonly brackets: Bracket[] = []
  /** Number of brackets, from the outermost, that have a link inside and so begin no link. */
  private inactive = 0
  /** Where the text begins that belongs to no node yet. */
  private pending = 0
  private codeSpans?: CodeSpans
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
    return this.hasRuns ? pairMarks(this.nodes) : this.nodes as InlineToken[]
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
      case ':': return this.addAddress(readUrl(text, start, this.pending), start + 1)
      case '.': return this.addAddress(readWww(text, start, this.pending), start + 1)
      default: return this.addAddress(this.options.hasMail ? readMail(text, start, this.pending) : undefined, start + 1)
    }
  }

  private add(node: InlineNode): number {
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
    this.codeSpans ??= new CodeSpans(this.text, start)
    const span = this.codeSpans.read(start)
    return span.text === undefined ? span.end : this.add({ type: 'code', start, end: span.end, text: span.text })
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
    return this.addAddress(readAutolink(text, start), start + 1)
  }

  /** @param otherwise where to go on without an address */
  private addAddress(address: Address | undefined, otherwise: number): number {
    return address ? this.add({ type: 'url', ...address }) : otherwise
  }

  /** Like `indexOf` of strings, but the text is searched once for each string. */
  private indexOf(needle: string, from: number): number {
    const next = this.next ??= new Map<string, number>()
    let index = next.get(needle)
    if (index === undefined || (index >= 0 && index < from)) next.set(needle, index = this.text.indexOf(needle, from))
    return index
  }
}
