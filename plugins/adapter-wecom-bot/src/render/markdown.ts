import { detectFileType } from 'common/files'
import { createHash } from 'node:crypto'
import { h } from 'koishi'
import type { TemplateCard } from '../protocol/template-card'
import { MAX_CARD_KEY_BYTES, MAX_INLINE_IMAGES, MAX_INLINE_IMAGE_BYTES } from '../protocol/limits'
import { readCard } from '../protocol/template-card'
import { encodeButtonKey } from '../cards/buttons'
import { validateCard } from '../cards/card-schema'
import { escapeMarkdown } from './escape'
import { readNews } from './news'
import { complete } from './split'
import type { Said } from './said'

/** Stands where a block begins or ends, until it is known what is beside it. */
const BLOCK = '\0'
const HAIR = '\u200a'
const ZERO = '\u200b'

/**
 * Turns elements into WeCom's dialect of Markdown. Text is literal, `markdown` passes as it is, unknown elements give
 * their children; what cannot be shown is said.
 * @throws {CardError} where a card breaks one of WeCom's limits
 * @see https://developer.work.weixin.qq.com/document/path/99110
 */
export function renderElements(elements: h[]): Required<Omit<Said, 'card'>> & Said {
  const state: State = { images: [], buttons: [], cards: [] }
  const settled = settle(children(elements, state))
  const text = elements[0]?.type === 'markdown' ? settled : settled.trimStart()
  return { text, images: state.images, buttons: state.buttons, card: state.cards.at(-1) }
}

interface State extends Required<Pick<Said, 'images' | 'buttons'>> {
  cards: TemplateCard[]
}

function children(elements: h[], state: State): string {
  return elements.map(element => visit(element, state)).reduce(join, '')
}

/** Marks of two elements must not become one. */
function join(text: string, next: string): string {
  const last = text[text.length - 1]
  return last === next[0] && /[*~`]/.test(last) ? text + ZERO + next : text + next
}

function block(text: string): string {
  return BLOCK + text + BLOCK
}

/** Puts blocks apart. Nothing inside them is touched: blank lines and indentation are a part of code. */
function settle(text: string, between = '\n\n'): string {
  return text.split(BLOCK).filter(part => part.trim()).map(trimLines).join(between).trimEnd()
}

/** Without blank lines at the beginning and line breaks at the end. */
function trimLines(text: string): string {
  let end = text.length
  while (text[end - 1] === '\n') end--
  const start = text.search(/\S/)
  return text.slice(text.lastIndexOf('\n', start) + 1, end)
}

function visit(element: h, state: State): string {
  const { type, attrs } = element
  const inner = () => children(element.children, state)
  switch (type) {
    case 'text':
      return escapeMarkdown(raw(element))
    case 'markdown':
      return markdown(raw(element))
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
      return block(inner())
    case 'h1':
    case 'h2':
    case 'h3':
    case 'h4':
    case 'h5':
    case 'h6':
      return block(`${'#'.repeat(Number(type[1]))} ${settle(inner()).replace(/\n+/g, ' ')}`)
    case 'hr':
      return block('---')
    case 'blockquote':
    case 'quote':
      return element.children.length ? block(settle(inner()).replace(/^/gm, '> ')) : ''
    case 'ul':
    case 'ol':
      return list(element, state)
    case 'table':
      return table(element, state)
    case 'a':
      return link(inner(), String(attrs.href ?? ''))
    case 'at':
      return `@${escapeMarkdown(String(attrs.name ?? attrs.id ?? (attrs.type === 'here' ? '在线成员' : '所有人')))} `
    case 'sharp':
      return `#${escapeMarkdown(String(attrs.name ?? attrs.id ?? ''))} `
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
      state.cards.push(validateCard(readCard(attrs.content)))
      return ''
    case 'wecom-bot:news':
      return news(element)
    default:
      return inner()
  }
}

/** The characters themselves, where markup means nothing. */
function raw(element: h): string {
  if (element.type === 'br') return '\n'
  return String(element.attrs.content ?? '').replaceAll(BLOCK, '') + element.children.map(raw).join('')
}

/** What has blocks in it must not run into what is beside it. */
function markdown(text: string): string {
  return /\n|^\s*(?:[#+*-]+\s|\d+[.)]\s|[>|]|```|~~~)/.test(text) ? block(complete(text)) : text
}

/**
 * Marks must touch the words they are around. Beside punctuation they count only where a blank is on their other side,
 * which Chinese has not.
 */
function around(text: string, mark: string): string {
  if (text.includes(BLOCK)) return text.split(BLOCK).map(part => around(part, mark)).join(BLOCK)
  const body = text.trim()
  if (!body) return text
  const [before, after] = text.split(body)
  const part = (character: string) => /(?![*~])[\p{P}\p{S}]/u.test(character) ? HAIR : ''
  return before + part(body[0]) + mark + body + mark + part(body[body.length - 1]) + after
}

function code(text: string): string {
  if (!text) return ''
  const mark = '`'.repeat(longest(text) + 1)
  const blank = /^`|`$/.test(text) ? ' ' : ''
  return mark + blank + text + blank + mark
}

function fence(text: string, language: string): string {
  const mark = '`'.repeat(Math.max(3, longest(text) + 1))
  return block(`${mark}${language.replace(/[^\w+#.-]/g, '')}\n${text.replace(/^\n|\n$/g, '')}\n${mark}`)
}

function longest(text: string): number {
  let most = 0
  for (const [run] of text.matchAll(/`+/g)) most = Math.max(most, run.length)
  return most
}

function list(element: h, state: State): string {
  let index = Number(element.attrs.start ?? 1)
  const items = element.children.filter(item => item.type === 'li').map((item) => {
    const mark = element.type === 'ol' ? `${index++}. ` : '- '
    return mark + settle(children(item.children, state), '\n').replace(/\n/g, '\n' + ' '.repeat(mark.length))
  })
  return block(items.join('\n'))
}

function table(element: h, state: State): string {
  const rows = h.select(element.children, 'tr').map(row => row.children.filter(cell => /^t[hd]$/.test(cell.type)).map((cell) => {
    return settle(children(cell.children, state)).replace(/\n+/g, ' ').replace(/\|/g, '｜')
  }))
  const width = Math.max(0, ...rows.map(row => row.length))
  if (!width) return ''
  const line = (cells: string[]) => `| ${Array.from({ length: width }, (_, at) => cells[at] ?? '').join(' | ')} |`
  const [header, ...body] = rows
  return block([line(header), line(Array(width).fill('---')), ...body.map(line)].join('\n'))
}

function link(text: string, href: string): string {
  const address = web(href)
  if (!address) return text
  const label = settle(text).trim()
  return label && label !== escapeMarkdown(href) ? `[${label.replace(/[[\]]/g, '')}](${address})` : address
}

/** Where there are no articles, their links. */
function news(element: h): string {
  const articles = readNews(element).map(({ title, description, url }) => {
    return [link(escapeMarkdown(title), url), escapeMarkdown(description ?? '')].filter(Boolean).join('\n  ')
  })
  return block(articles.map(article => `- ${article}`).join('\n'))
}

function button({ attrs, children: label }: h, state: State): string {
  const text = label.map(child => child.toString(true)).join('').trim()
  if (attrs.type === 'link') return link(escapeMarkdown(text), String(attrs.href ?? ''))
  const input = attrs.type === 'input' ? String(attrs.text ?? text) : undefined
  // A card with it would be refused, and the answer that it goes along with.
  if (Buffer.byteLength(encodeButtonKey({ text, input, id: attrs.id })) > MAX_CARD_KEY_BYTES) {
    return block(escapeMarkdown(input && input !== text ? `${text}：${input}` : text))
  }
  state.buttons.push({ text, input, id: attrs.id })
  return ''
}

function image(src: string, title: string, { images }: State): string {
  const address = web(src)
  if (address) return `![${escapeMarkdown(title.replace(/[[\]\n]/g, ''))}](${address})`
  const [, base64] = /^data:image\/[\w.+-]+;base64,([A-Za-z0-9+/=]+)$/.exec(src) ?? []
  const data = base64 && Buffer.from(base64, 'base64')
  if (!data) return `[图片${title && '：' + escapeMarkdown(title)}，无法显示]`
  if (!/^image\/(?:png|jpeg)$/.test(detectFileType(data) ?? '')) return '[图片：只支持 JPG 和 PNG]'
  if (data.length > MAX_INLINE_IMAGE_BYTES || images.length >= MAX_INLINE_IMAGES) return '[图片：过大或过多，未发送]'
  images.push({ base64: data.toString('base64'), md5: createHash('md5').update(data).digest('hex') })
  return ''
}

const names = { audio: '语音', video: '视频', file: '文件' }

function resource(type: keyof typeof names, src: string, title: string): string {
  const label = names[type] + (title && `：${escapeMarkdown(title)}`)
  const address = web(src)
  return address ? `[${label.replace(/[[\]]/g, '')}](${address})` : `[${label}，无法发送]`
}

/** The address as it may stand in a Markdown link, if it is one of the web. */
function web(src: string): string | undefined {
  if (!URL.canParse(src) || !/^https?:$/.test(new URL(src).protocol)) return
  return src.replace(/[()\s<>]/g, char => encodeURIComponent(char).replace('(', '%28').replace(')', '%29'))
}
