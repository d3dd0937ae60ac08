import type { h } from 'koishi'
import { escapeMarkdown } from './escape'
import { withoutThoughts } from './thoughts'

/** Elements with a file that DingTalk's Markdown cannot show. */
const files = new Set(['audio', 'video', 'file'])

/** Elements that DingTalk has nothing for; their content would be misleading without them. */
const ignored = new Set(['author', 'button', 'quote', 'template'])

/** Whether only the stock adapter can send an element: a file, or a picture that DingTalk's servers cannot load. */
export function needsStockEncoder({ type, attrs, children }: h): boolean {
  if (files.has(type)) return true
  if (isImage(type)) return !/^https?:/.test(sourceOf(attrs))
  return children.some(needsStockEncoder)
}

/** Marks the edges of blocks, which become one blank line wherever they meet. */
const EDGE = '\0'

/** Turns Koishi's elements into Markdown. `markdown` passes as it is, except for thoughts; other text is escaped. */
export function toMarkdown(elements: h[]): string {
  return joinBlocks(render(elements))
}

function render(elements: h[], depth = 0): string {
  return elements.map(element => renderElement(element, depth)).join('')
}

function block(text: string): string {
  return EDGE + text + EDGE
}

function joinBlocks(text: string): string {
  // Each run of line breaks is matched as a whole, so that long ones are read once.
  return text.replace(/(?<![\n\0])[\n\0]+/g, (edge, offset: number) => {
    if (!edge.includes(EDGE)) return edge
    return offset && offset + edge.length < text.length ? '\n\n' : ''
  })
}

function renderElement(element: h, depth: number): string {
  const { type, attrs, children } = element
  if (ignored.has(type)) return ''
  const inner = () => render(children, depth)
  const innerBlock = () => joinBlocks(inner()).trim()
  switch (type) {
    case 'text': return escapeMarkdown(String(attrs.content ?? ''))
    case 'markdown': return withoutThoughts(rawText(children))
    case 'br': return '\n'
    case 'p': return block(innerBlock())
    case 'b':
    case 'strong': return wrap('**', inner())
    case 'i':
    case 'em': return wrap('*', inner())
    case 's':
    case 'del': return wrap('~~', inner())
    case 'code': return wrap('`', rawText(children))
    case 'pre': return codeBlock(element)
    case 'a': return attrs.href ? `[${inner() || escapeMarkdown(attrs.href)}](${linkTarget(attrs.href)})` : inner()
    case 'img':
    case 'image': return `![${escapeMarkdown(attrs.alt ?? attrs.title ?? '')}](${linkTarget(sourceOf(attrs))})`
    case 'at': return `@${escapeMarkdown(attrs.name ?? attrs.id ?? attrs.role ?? attrs.type ?? '')}`
    case 'sharp': return `#${escapeMarkdown(attrs.name ?? attrs.id ?? '')}`
    case 'hr': return block('---')
    case 'ul':
    case 'ol': return depth ? `\n${list(element, depth)}` : block(list(element, depth))
    case 'blockquote': return block(innerBlock().replace(/^/gm, '> '))
    case 'h1':
    case 'h2':
    case 'h3':
    case 'h4':
    case 'h5':
    case 'h6': return block(`${'#'.repeat(Number(type[1]))} ${innerBlock()}`)
    default: return inner()
  }
}

function list({ type, children }: h, depth: number): string {
  const items = children.filter(child => child.type === 'li')
  return items.map((item, index) => {
    const marker = type === 'ol' ? `${index + 1}.` : '-'
    return `${'  '.repeat(depth)}${marker} ${joinBlocks(render(item.children, depth + 1)).trim()}`
  }).join('\n')
}

function codeBlock({ attrs, children }: h): string {
  const [first] = children
  const language = attrs.lang ?? (first?.type === 'code' ? first.attrs.lang : undefined) ?? ''
  const text = rawText(children).replace(/\n$/, '')
  let longest = 2
  for (const [ticks] of text.matchAll(/`+/g)) longest = Math.max(longest, ticks.length)
  const fence = '`'.repeat(longest + 1)
  return block(`${fence}${language}\n${text}\n${fence}`)
}

/** Marks have to touch the text: outer spaces go outside. */
function wrap(mark: string, text: string): string {
  const body = text.trim()
  if (!body) return text
  const start = text.indexOf(body)
  return text.slice(0, start) + mark + body + mark + text.slice(start + body.length)
}

function rawText(elements: h[]): string {
  return elements.map(({ type, attrs, children }) => {
    return type === 'text' ? attrs.content : type === 'br' ? '\n' : rawText(children)
  }).join('')
}

function isImage(type: string) {
  return type === 'img' || type === 'image'
}

function sourceOf(attrs: h['attrs']): string {
  return String(attrs.src ?? attrs.url ?? '')
}

/** Brackets and spaces would end the target. */
function linkTarget(href: string): string {
  return href.replace(/[\s<>]/g, character => encodeURIComponent(character)).replaceAll('(', '%28').replaceAll(')', '%29')
}
