import { h } from 'koishi'
import { Marked } from 'marked'
import type { Token, Tokens } from 'marked'

/** The elements that the encoder of a platform can send. */
export interface Dialect {
  /** Inline code, code blocks and strikethrough. */
  rich?: boolean
  /** Only text: no bold, italics or links. */
  bare?: boolean
  /** Rewrites the target of a link. */
  href?: (href: string) => string
}

/** Not the shared instance, which any plugin can reconfigure. */
const marked = new Marked({ gfm: true, breaks: true })

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
  const lines = blocks(marked.lexer(markdown))
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
      case 'heading': return [bold(inline(token.tokens))]
      case 'code': return code(token.text, token.lang)
      case 'blockquote': return blocks(token.tokens!).map(line => [h.text('> '), ...line])
      case 'list': return list(token as Tokens.List)
      case 'table': return table(token as Tokens.Table)
      default: return split(token.tokens ? inline(token.tokens) : [h.text((token.text ?? token.raw).trimEnd())])
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
    const row = (cells: Tokens.TableCell[]) => cells.flatMap(({ tokens }, index) => {
      return index ? [h.text(' | '), ...inline(tokens)] : inline(tokens)
    })
    return [bold(row(header)), ...rows.map(row)]
  }

  function inline(tokens: Token[] = []): h[] {
    return join(tokens.flatMap(token => span(token as Tokens.Generic)))
  }

  function span(token: Tokens.Generic): h[] {
    switch (token.type) {
      case 'br': return [h.text('\n')]
      case 'strong': return bold(inline(token.tokens))
      case 'em': return dialect.bare ? inline(token.tokens) : [h('i', inline(token.tokens))]
      case 'del': return dialect.rich ? [h('s', inline(token.tokens))] : inline(token.tokens)
      case 'codespan': return [dialect.rich ? h('code', h.text(token.text)) : h.text(token.text)]
      case 'link': return link(token.href, inline(token.tokens))
      case 'image': return link(token.href, [h.text(token.text || token.href)])
      case 'html': return [h.text(/^<br\s*\/?>$/i.test(token.raw) ? '\n' : token.raw)]
      default: return token.tokens ? inline(token.tokens) : [h.text(token.text ?? token.raw)]
    }
  }

  function bold(elements: h[]): h[] {
    return dialect.bare ? elements : [h('b', elements)]
  }

  function link(href: string, label: h[]): h[] {
    if (!isSafe(href)) return label
    if (!dialect.bare) return [h('a', { href: dialect.href?.(href) ?? href }, label)]
    return label.join('') === h.escape(href) ? label : [...label, h.text(` (${href})`)]
  }
}

/** Whether the target of a link is a page or a mail address, and runs no code. */
function isSafe(href: string): boolean {
  return URL.canParse(href) && ['http:', 'https:', 'mailto:'].includes(new URL(href).protocol)
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
  for (const element of elements) {
    const last = result.at(-1)
    if (last?.type !== 'text' || element.type !== 'text') result.push(element)
    else result[result.length - 1] = h.text(last.attrs.content + element.attrs.content)
  }
  return result
}
