import {
  CJK, PUNCTUATION, SPACE, attribute, classAt, classBefore, isFormatting, isPlainlyFlanking, parseInline,
} from '../markdown'
import type { HtmlTag, InlineToken } from '../markdown'
import type { Dialect } from './dialect'
import { toScript } from './scripts'

export const HAIR_SPACE = '\u200a'
const ZERO_WIDTH_SPACE = '\u200b'

/** Where a line stands. */
export interface Place {
  /** In a table, where nothing breaks a line. */
  isCell?: boolean
  /** What begins the next line of the same block: the markers of a quote, the indentation of a list item. */
  continuation?: string
}

/** Marks for the tags that have some. */
const marks: Record<string, string> = {
  b: '**', strong: '**', th: '**', i: '*', em: '*', cite: '*', s: '~~', del: '~~', strike: '~~', code: '`', kbd: '`', samp: '`', tt: '`',
}

/** Addresses with a scheme, except of those that lead to no page. */
const reachable = /^(?!(?:javascript|vbscript|data|file|sandbox|blob|about|attachment|cid):)[a-z][a-z\d+.-]+:/i

/** Brings the inline markup of one line into a dialect. */
export function rewriteLine(line: string, dialect: Dialect, place: Place = {}): string {
  return mayNeedRewriting.test(line) ? new LineRewriter(line, dialect, place).rewrite() : line
}

const mayNeedRewriting = /[\\*_~[<&$]|:\/\//

class LineRewriter {
  private readonly parts: string[] = []
  private readonly tokens: InlineToken[]
  /** The closing tags of opening ones, and the other way around, by their index. */
  private readonly partners = new Map<number, number>()
  /** Text that stands in one piece, although it is several tokens. */
  private text = ''
  private textStart = 0
  /** Whether the link that is open is kept. */
  private keepsLink = true
  private readonly hasCjk: boolean

  constructor(private readonly line: string, private readonly dialect: Dialect, private readonly place: Place) {
    this.tokens = parseInline(line)
    this.hasCjk = /[\u2e80-\u9fff\uff00-\uffef]/.test(line)
    this.matchTags()
  }

  rewrite(): string {
    for (let index = 0; index < this.tokens.length; index++) index = this.visit(this.tokens[index], index)
    this.flushText()
    return this.parts.join('')
  }

  /** @returns the index of the last token that was taken */
  private visit(token: InlineToken, index: number): number {
    if (token.type === 'text') {
      if (!this.text) this.textStart = token.start
      this.text += this.raw(token)
      return index
    }
    this.flushText()
    switch (token.type) {
      case 'escape': this.push(this.escaped(token.text, token.start, this.raw(token))); break
      case 'entity': this.push(this.entity(token.text, token.end, this.raw(token))); break
      case 'code': this.push(this.raw(token)); break
      case 'math': this.push(this.math(token.text, token.isDisplay, this.raw(token))); break
      case 'url': this.push(token.text + this.spaceAfterAddress(token.end)); break
      case 'mark': this.push(this.mark(token, index)); break
      case 'link': this.link(token); break
      case 'html': return this.tag(token.tag, token, index)
      default: return token satisfies never
    }
    return index
  }

  private raw({ start, end }: { start: number, end: number }) {
    return this.line.slice(start, end)
  }

  private push(text: string) {
    this.parts.push(text)
  }

  private flushText() {
    if (this.text) this.push(this.literal(this.text, this.textStart))
    this.text = ''
  }

  /** Text in which no mark is markup, although a renderer might take it for that. */
  private literal(text: string, start: number): string {
    if (!/[~*^]/.test(text)) return text
    const isSpaced = this.dialect.literalMarks === 'spaced'
    return text
      .replace(/\[\^([^[\]\s]{1,32})\]:?/g, '[$1]')
      // Without a space before it, a tilde cannot open; with one, it cannot close.
      .replace(/(?<!~)~(?!~)/g, (mark, offset: number) => {
        if (classBefore(this.line, start + offset) & SPACE) return mark
        return isSpaced ? HAIR_SPACE + mark : `\\${mark}`
      })
      .replace(/(\d)\*(?=\d)/g, (product, digit: string) => {
        if (!this.hasCjk) return product
        return isSpaced ? `${digit}*${HAIR_SPACE}` : `${digit}\\*`
      })
  }

  private escaped(character: string, start: number, raw: string): string {
    if (this.dialect.backslashes === 'rendered') return raw
    const isFirst = !this.line.slice(0, start).trim()
    return this.protect(character, isFirst || /^\s*\d+$/.test(this.line.slice(0, start)))
  }

  /** A character that is not read as markup, where backslashes do not help. */
  private protect(character: string, isAtLineStart: boolean): string {
    if ('*_~'.includes(character)) return character + HAIR_SPACE
    if (character === '`') return 'ˋ'
    if ('[]<&\\$'.includes(character)) return character + ZERO_WIDTH_SPACE
    return isAtLineStart && '#>-+=.)|'.includes(character) ? ZERO_WIDTH_SPACE + character : character
  }

  private entity(character: string, end: number, raw: string): string {
    const isLiteral = !/[!-/:-@[-`{-~]/.test(character) || '"\',;:%'.includes(character)
    if (isLiteral) return character
    const next = this.line[end] ?? ' '
    if (character === '<' ? /[^\w/!?]/.test(next) : character === '&' && /[^\w#]/.test(next)) return character
    return this.dialect.backslashes === 'rendered' ? raw : this.protect(character, !this.line.slice(0, end - raw.length).trim())
  }

  private math(text: string, isDisplay: boolean, raw: string): string {
    if (isDisplay && this.dialect.displayMath === 'rendered') return raw.startsWith('$$') ? `\\[${raw.slice(2, -2)}\\]` : raw
    const tick = text.includes('`') ? '``' : '`'
    return tick + text.replace(/\s*\n\s*/g, ' ') + tick
  }

  /** An address that is followed by Chinese would go on into it. */
  private spaceAfterAddress(end: number): string {
    const bits = classAt(this.line, end)
    return bits & CJK || (this.line.charCodeAt(end) > 127 && !(bits & SPACE)) ? HAIR_SPACE : ''
  }

  private mark(token: Extract<InlineToken, { type: 'mark' }>, index: number): string {
    const raw = this.raw(token)
    if (!token.isHidden) return raw
    const neighbour = this.tokens[token.isOpening ? index - 1 : index + 1]
    const isInner = neighbour?.type === 'mark' && neighbour.isOpening === token.isOpening
      && (token.isOpening ? neighbour.end === token.start : neighbour.start === token.end)
    if (isInner) return raw
    return token.isOpening ? HAIR_SPACE + raw : raw + HAIR_SPACE
  }

  private link({ isOpening, isImage, target: { href }, start, end }: Extract<InlineToken, { type: 'link' }>) {
    if (isOpening) this.keepsLink = reachable.test(href)
    if (!this.keepsLink) return
    this.push(isOpening ? this.line.slice(start, end) : `](${encodeTarget(href)})`)
    if (!isOpening && isImage) this.keepsLink = true
  }

  private tag(tag: HtmlTag, token: { start: number, end: number }, index: number): number {
    const { name, isClosing } = tag
    if (!isFormatting(tag)) {
      const raw = this.raw(token)
      const isEscaped = this.dialect.otherTags === '&lt;' && !tag.attributes.trim() && name !== 'think'
      this.push(isEscaped ? `&lt;${raw.slice(1)}` : raw)
      return index
    }
    const partner = this.partners.get(index)
    if (name === 'br') this.push(this.lineBreak(token.start))
    else if (name === 'img') this.push(image(tag))
    else if (name in marks) this.push(partner === undefined ? '' : this.markOf(tag, token))
    else if (name === 'a') this.push(partner === undefined ? '' : this.anchor(tag, partner))
    else if (name === 'li' && !isClosing) this.push(this.line.slice(0, token.start).trim() ? '; ' : '- ')
    else if ((name === 'td' || name === 'p' || name === 'div') && isClosing) this.push(' ')
    else if ((name === 'sub' || name === 'sup') && !isClosing && partner !== undefined) return this.script(name, index, partner)
    return index
  }

  private lineBreak(start: number): string {
    const { dialect: { lineBreaks }, line, place: { isCell, continuation = '' } } = this
    if (isCell || /^#{1,6}\s/.test(line)) {
      const before = classBefore(line, start)
      if (before & (SPACE | PUNCTUATION)) return before & SPACE ? '' : ' '
      return before & CJK ? '；' : '; '
    }
    if (lineBreaks === '<br>') return '<br>'
    return `${lineBreaks === 'two spaces' ? '  ' : ''}\n${continuation}`
  }

  private markOf({ name, isClosing }: HtmlTag, { start, end }: { start: number, end: number }): string {
    const mark = marks[name]
    if (mark === '`') return mark
    const outside = isClosing ? classAt(this.line, end) : classBefore(this.line, start)
    const inside = isClosing ? classBefore(this.line, start) : classAt(this.line, end)
    const space = isPlainlyFlanking(outside, inside) ? '' : HAIR_SPACE
    return isClosing ? mark + space : space + mark
  }

  private anchor(tag: HtmlTag, partner: number): string {
    const opening = tag.isClosing ? this.tokens[partner] : undefined
    const href = attribute(opening?.type === 'html' ? opening.tag : tag, 'href') ?? ''
    if (!reachable.test(href)) return ''
    return tag.isClosing ? `](${encodeTarget(href)})` : '['
  }

  private script(kind: 'sub' | 'sup', index: number, partner: number): number {
    this.push(toScript(this.line.slice(this.tokens[index].end, this.tokens[partner].start), kind))
    return partner
  }

  private matchTags() {
    const open = new Map<string, number[]>()
    for (const [index, token] of this.tokens.entries()) {
      if (token.type !== 'html') continue
      const { name, isClosing } = token.tag
      const stack = open.get(name) ?? []
      open.set(name, stack)
      if (!isClosing) {
        stack.push(index)
        continue
      }
      const partner = stack.pop()
      if (partner === undefined || this.isBlank(partner, index)) continue
      this.partners.set(partner, index).set(index, partner)
    }
  }

  /** Whether marks in place of the tags would stand beside blanks, where they mark nothing. */
  private isBlank(opening: number, closing: number) {
    const { line, tokens } = this
    return !!((classAt(line, tokens[opening].end) | classBefore(line, tokens[closing].start)) & SPACE)
  }
}

function image(tag: HtmlTag): string {
  const src = attribute(tag, 'src') ?? ''
  const alt = (attribute(tag, 'alt') ?? '').replace(/[[\]]/g, '')
  return reachable.test(src) ? `![${alt}](${encodeTarget(src)})` : alt
}

/** Spaces, brackets and quotes would end a target. */
export function encodeTarget(href: string): string {
  return href.trim().replace(/[\s<>()"\\]/g, (character) => {
    return character === '(' ? '%28' : character === ')' ? '%29' : encodeURIComponent(character)
  })
}
