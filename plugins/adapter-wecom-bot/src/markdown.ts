import { createHash } from 'node:crypto'
import { h } from 'koishi'
import { TemplateCard, readCard, validate } from './card'
import { literal } from './literal'
import { readNews } from './news'
import { Said } from './turn'

/** Largest image inside a message, in bytes: WeCom refuses whole frames well below its documented 10 MB. */
const IMAGE_LIMIT = 512 * 1024
/** Most images in one message. */
const IMAGE_COUNT = 10

/**
 * Turns elements into WeCom's dialect of Markdown. Text is literal, `markdown` passes as it is, unknown elements give
 * their children; what cannot be shown is said.
 * @throws {CardError} where a card breaks one of WeCom's limits
 * @see https://developer.work.weixin.qq.com/document/path/99110
 */
export function render(elements: h[]): Required<Omit<Said, 'card'>> & Said {
  const state: State = { images: [], buttons: [], cards: [], list: '' }
  const text = children(elements, state).replace(/\n{3,}/g, '\n\n').trim()
  return { text, images: state.images, buttons: state.buttons, card: state.cards.at(-1) }
}

interface State extends Required<Pick<Said, 'images' | 'buttons'>> {
  cards: TemplateCard[]
  /** Blanks in front of the items of the list we are in. */
  list: string
}

function children(elements: h[], state: State): string {
  return elements.map(element => visit(element, state)).join('')
}

function visit(element: h, state: State): string {
  const { type, attrs } = element
  const inner = (next = state) => children(element.children, next)
  switch (type) {
    case 'text':
      return literal(String(attrs.content ?? ''))
    case 'markdown':
      return raw(element)
    case 'b':
    case 'strong':
      return around(inner(), '**')
    case 'i':
    case 'em':
      return around(inner(), '*')
    case 's':
    case 'del':
      return around(inner(), '~~')
    case 'code':
      return code(raw(element))
    case 'pre':
    case 'code-block':
      return fence(raw(element), String(attrs.lang ?? attrs.language ?? ''))
    case 'br':
      return '\n'
    case 'p':
      return `\n\n${inner().trim()}\n\n`
    case 'h1':
    case 'h2':
    case 'h3':
    case 'h4':
    case 'h5':
    case 'h6':
      return `\n\n${'#'.repeat(Number(type[1]))} ${inner().trim().replace(/\n/g, ' ')}\n\n`
    case 'hr':
      return '\n\n---\n\n'
    case 'blockquote':
    case 'quote':
      return element.children.length ? `\n\n${inner().trim().replace(/^/gm, '> ')}\n\n` : ''
    case 'ul':
    case 'ol':
      return list(element, state)
    case 'table':
      return table(element, state)
    case 'a':
      return link(inner(), String(attrs.href ?? ''))
    case 'at':
      return `@${literal(String(attrs.name ?? attrs.id ?? (attrs.type === 'here' ? '在线成员' : '所有人')))} `
    case 'sharp':
      return `#${literal(String(attrs.name ?? attrs.id ?? ''))} `
    case 'img':
    case 'image':
      return image(String(attrs.src ?? attrs.url ?? ''), String(attrs.title ?? attrs.alt ?? ''), state)
    case 'audio':
    case 'video':
    case 'file':
      return resource(type, String(attrs.src ?? attrs.url ?? ''), String(attrs.title ?? attrs.file ?? ''))
    case 'button':
      return button(element, state)
    case 'wecom-bot:card':
      state.cards.push(validate(readCard(attrs.content)))
      return ''
    case 'wecom-bot:news':
      return news(element)
    default:
      return inner()
  }
}

/** The characters themselves, where markup means nothing. */
function raw(element: h): string {
  if (element.type === 'text') return String(element.attrs.content ?? '')
  if (element.type === 'br') return '\n'
  return (element.attrs.content ?? '') + element.children.map(raw).join('')
}

/** Marks must touch the words they are around. */
function around(text: string, mark: string): string {
  const [, before, body, after] = /^(\s*)([^]*?)(\s*)$/.exec(text)!
  return body ? before + mark + body + mark + after : text
}

function code(text: string): string {
  if (!text) return ''
  const mark = '`'.repeat(longest(text) + 1)
  const blank = /^`|`$/.test(text) ? ' ' : ''
  return mark + blank + text + blank + mark
}

function fence(text: string, language: string): string {
  const mark = '`'.repeat(Math.max(3, longest(text) + 1))
  return `\n\n${mark}${language.replace(/[^\w+#.-]/g, '')}\n${text.replace(/^\n|\n$/g, '')}\n${mark}\n\n`
}

function longest(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
}

function list(element: h, state: State): string {
  let index = Number(element.attrs.start ?? 1)
  const items = element.children.filter(item => item.type === 'li').map((item) => {
    const mark = element.type === 'ol' ? `${index++}. ` : '- '
    const indent = state.list + ' '.repeat(mark.length)
    const text = children(item.children, { ...state, list: indent }).trim().replace(/\n{2,}/g, '\n')
    return state.list + mark + text.split('\n').map((line, at) => {
      return at && !line.startsWith(indent) ? indent + line : line
    }).join('\n')
  })
  return state.list ? '\n' + items.join('\n') : `\n\n${items.join('\n')}\n\n`
}

function table(element: h, state: State): string {
  const rows = h.select(element.children, 'tr').map(row => row.children.filter(cell => /^t[hd]$/.test(cell.type)).map((cell) => {
    return children(cell.children, state).trim().replace(/\n+/g, ' ').replace(/\|/g, '｜')
  }))
  const width = Math.max(0, ...rows.map(row => row.length))
  if (!width) return ''
  const line = (cells: string[]) => `| ${Array.from({ length: width }, (_, at) => cells[at] ?? '').join(' | ')} |`
  const [header, ...body] = rows
  return ['\n', line(header), line(Array(width).fill('---')), ...body.map(line), '\n'].join('\n')
}

function link(text: string, href: string): string {
  const address = web(href)
  if (!address) return text
  return text.trim() && text !== literal(href) ? `[${text.trim().replace(/[[\]]/g, '')}](${address})` : address
}

/** Where there are no articles, their links. */
function news(element: h): string {
  const articles = readNews(element).map(({ title, description, url }) => {
    return [link(literal(title), url), literal(description ?? '')].filter(Boolean).join('\n  ')
  })
  return `\n\n${articles.map(article => `- ${article}`).join('\n')}\n\n`
}

function button({ attrs, children: label }: h, state: State): string {
  const text = label.map(child => child.toString(true)).join('').trim()
  if (attrs.type === 'link') return link(literal(text), String(attrs.href ?? ''))
  const input = attrs.type === 'input' ? String(attrs.text ?? text) : undefined
  state.buttons.push({ text, input, id: attrs.id })
  return ''
}

function image(src: string, title: string, { images }: State): string {
  const address = web(src)
  if (address) return `![${title.replace(/[[\]\n]/g, '')}](${address})`
  const [, base64] = /^data:image\/[\w.+-]+;base64,([A-Za-z0-9+/=]+)$/.exec(src) ?? []
  const data = base64 && Buffer.from(base64, 'base64')
  if (!data) return `[图片${title && '：' + literal(title)}，无法显示]`
  if (!isPicture(data)) return '[图片：只支持 JPG 和 PNG]'
  if (data.length > IMAGE_LIMIT || images.length >= IMAGE_COUNT) return '[图片：过大或过多，未发送]'
  images.push({ base64: data.toString('base64'), md5: createHash('md5').update(data).digest('hex') })
  return ''
}

const names = { audio: '语音', video: '视频', file: '文件' }

function resource(type: keyof typeof names, src: string, title: string): string {
  const label = names[type] + (title && `：${literal(title)}`)
  const address = web(src)
  return address ? `[${label.replace(/[[\]]/g, '')}](${address})` : `[${label}，无法发送]`
}

/** PNG or JPEG by their first bytes, whatever the sender calls it. */
function isPicture(data: Buffer) {
  return data.subarray(0, 8).equals(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')) || data.readUIntBE(0, 3) === 0xffd8ff
}

/** The address as it may stand in a Markdown link, if it is one of the web. */
function web(src: string): string | undefined {
  if (!URL.canParse(src) || !/^https?:$/.test(new URL(src).protocol)) return
  return src.replace(/[()\s<>]/g, char => encodeURIComponent(char).replace('(', '%28').replace(')', '%29'))
}
