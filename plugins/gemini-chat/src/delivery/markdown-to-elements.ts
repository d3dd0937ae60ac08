import { h } from 'koishi'
import { parseInline } from 'common/markdown'
import type { InlineToken } from 'common/markdown'
import type { Token, Tokens } from 'marked'
import { parseBlocks } from './markdown-blocks'

/** The elements that the encoder of a platform can send. */
export interface Dialect {
  /** Inline code, code blocks and strikethrough. */
  rich?: boolean
  /** Only text: no bold, italics or links. */
  bare?: boolean
  /** Rewrites the target of a link. */
  href?: (href: string) => string
}

/** A line of inline elements. Blocks become lines of text, which looks the same on every platform. */
type Line = h[]

/**
 * Turns Markdown into the standard elements text, `b`, `i`, `s`, `code`, `pre` and `a`, and into no others: HTML and
 * Koishi markup in it become text.
 *
 * Lists, tables, quotes and paragraphs become lines: most encoders join the items of `ul`, and Telegram's
 * `editMessage` fails on `p`, `br` and `li`.
 */
export function toElements(markdown: string, dialect: Dialect): h[] {
  const { tokens, references, rest } = parseBlocks(markdown)
  const lines = blocks(tokens)
  if (rest.trim()) lines.push([h.text(rest.trimEnd())])
  while (lines.length && !lines[0].length) lines.shift()
  while (lines.length && !lines.at(-1)!.length) lines.pop()
  return join(lines.map((line, index) => index ? [h.text('\n'), ...line] : line).flat())

  function blocks(tokens: Token[]): Line[] {
    // The tokens of headings and tables include the blank line behind them.
    return tokens.flatMap((token) => {
      const lines = block(token as Tokens.Generic)
      return token.type !== 'space' && /\n\n$/.test(token.raw) ? [...lines, []] : lines
    })
  }

  function block(token: Tokens.Generic): Line[] {
    switch (token.type) {
      case 'space': return [[]]
      case 'def': return []
      case 'hr': return [[h.text('———')]]
      case 'heading': return [bold(inline(token.text))]
      case 'code': return code(token.text, token.lang)
      case 'blockquote': return blocks(token.tokens!).map(line => [h.text('> '), ...line])
      case 'list': return list(token as Tokens.List)
      case 'table': return table(token as Tokens.Table)
      case 'html': return split(inline(token.raw.trimEnd()))
      default: return split(inline((token.text ?? token.raw).trimEnd()))
    }
  }

  function code(text: string, lang?: string): Line[] {
    if (!dialect.rich) return pieces(text).map(line => [line])
    const [language] = /^[\w+#-]+/.exec(lang ?? '') ?? []
    return [[h('pre', h('code', { lang: language }, h.text(text)))]]
  }

  function list({ items, ordered, start, loose }: Tokens.List): Line[] {
    return items.flatMap((item, index) => {
      const marker = item.task ? (item.checked ? '☑ ' : '☐ ') : ordered ? `${+start + index}. ` : '• '
      const lines = blocks(item.tokens)
      while (lines.length > 1 && !lines.at(-1)!.length) lines.pop()
      const [first = [], ...rest] = lines
      const body = [[h.text(marker), ...first], ...rest.map(line => line.length ? [h.text('  '), ...line] : line)]
      return loose && index < items.length - 1 ? [...body, []] : body
    })
  }

  function table({ header, rows }: Tokens.Table): Line[] {
    const row = (cells: Tokens.TableCell[]) => cells.flatMap(({ text }, index) => {
      return index ? [h.text(' | '), ...inline(text)] : inline(text)
    })
    return [bold(row(header)), ...rows.map(row)]
  }

  function inline(text: string): h[] {
    const source = text.replace(/(?<![ \t])[ \t]+\n/g, '\n')
    // The elements of the text, and of the marks and links that are open in it.
    const open: h[][] = [[]]
    let isInLink = false
    for (const token of parseInline(source, { references, hasMail: true })) {
      if (token.type === 'mark') {
        if (token.isOpening) open.push([])
        else append(emphasis(token.style, open.pop()!))
      } else if (token.type === 'link') {
        isInLink = token.isOpening && !token.isImage
        if (token.isOpening) open.push([])
        else append(target(token, open.pop()!))
      } else {
        append(span(token, isInLink))
      }
    }
    return join(open.flat())

    function append(elements: h[]) {
      open.at(-1)!.push(...join(elements))
    }

    function span(token: Exclude<InlineToken, { type: 'mark' | 'link' }>, isInLink: boolean): h[] {
      const raw = source.slice(token.start, token.end)
      switch (token.type) {
        case 'escape': return [h.text(token.text)]
        case 'code': return [dialect.rich ? h('code', h.text(token.text)) : h.text(token.text)]
        case 'url': return isInLink ? [h.text(token.text)] : link(token.href, [h.text(token.text)], raw)
        case 'html': return [h.text(token.tag.name === 'br' ? '\n' : raw)]
        // Formulas stay as they are: nothing in them is markup.
        case 'text': case 'math': return [h.text(raw)]
        // Those for characters of markup were written so that they are seen.
        case 'entity': return [h.text(/[<>&]/.test(token.text) ? raw : token.text)]
        default: return token satisfies never
      }
    }
  }

  function emphasis(style: 'strong' | 'em' | 'del', elements: h[]): h[] {
    switch (style) {
      case 'strong': return bold(elements)
      case 'em': return dialect.bare ? elements : [h('i', elements)]
      case 'del': return dialect.rich ? [h('s', elements)] : elements
      default: return style satisfies never
    }
  }

  function target({ isImage, target: { href } }: Extract<InlineToken, { type: 'link' }>, label: h[]): h[] {
    const address = href.trim().replace(/\s/g, encodeURIComponent)
    if (!isImage) return link(address, label)
    return link(address, [h.text(textOf(label) || address)])
  }

  function bold(elements: h[]): h[] {
    return dialect.bare ? elements : [h('b', elements)]
  }

  /** @param instead what is shown where the target is not safe */
  function link(href: string, label: h[], instead?: string): h[] {
    if (!isSafe(href)) return instead === undefined ? label : [h.text(instead)]
    if (!dialect.bare) return [h('a', { href: dialect.href?.(href) ?? href }, label)]
    return label.join('') === h.escape(href) ? label : [...label, h.text(` (${href})`)]
  }
}

/** Whether the target of a link is a page or a mail address, and runs no code. */
function isSafe(href: string): boolean {
  return URL.canParse(href) && ['http:', 'https:', 'mailto:'].includes(new URL(href).protocol)
}

function textOf(elements: h[]): string {
  return elements.map(({ attrs, children }) => (attrs.content ?? '') + textOf(children)).join('')
}

function split(elements: h[]): Line[] {
  const lines: Line[] = [[]]
  for (const element of elements) {
    const [first, ...rest] = element.type === 'text' ? pieces(element.attrs.content) : [element]
    lines.at(-1)!.push(first)
    lines.push(...rest.map(line => [line]))
  }
  return lines.map(line => line.filter(({ type, attrs }) => type !== 'text' || attrs.content))
}

function pieces(text: string): h[] {
  return text.split('\n').map(line => h.text(line))
}

/** Joins adjacent text elements. */
function join(elements: h[]): h[] {
  const result: h[] = []
  let texts: string[] = []
  const flush = () => {
    if (texts.length) result.push(h.text(texts.join('')))
    texts = []
  }
  for (const element of elements) {
    if (element.type === 'text') {
      texts.push(element.attrs.content)
    } else {
      flush()
      result.push(element)
    }
  }
  flush()
  return result
}
