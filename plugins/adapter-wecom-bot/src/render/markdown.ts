import { createHash } from 'node:crypto'
import { detectFileType } from 'common/files'
import { h } from 'koishi'
import { encodeButtonKey } from '../cards/buttons'
import { validateCard } from '../cards/card-schema'
import { MAX_CARD_KEY_BYTES, MAX_INLINE_IMAGES, MAX_INLINE_IMAGE_BYTES } from '../protocol/limits'
import type { TemplateCard } from '../protocol/template-card'
import { readCard } from '../protocol/template-card'
import { streamDialect } from './dialect'
import { escapeMarkdown } from './escape'
import { GrowingMarkdown } from './growing-markdown'
import {
  block, codeBlock, emphasize, inlineCode, joinBlocks, joinInline, link, table, webAddress, withoutBlockMarks,
} from './markdown-syntax'
import { readNews } from './news'
import type { Said } from './said'

/**
 * Renders elements as WeCom's `markdown_v2`. Text is escaped, `markdown` is brought into the dialect, unknown elements
 * are replaced by their children. What WeCom cannot show is replaced by a placeholder.
 * @param writer pass the same one for all states of a message that grows
 * @throws {CardError} if a card breaks one of WeCom's limits
 * @throws {NewsError}
 * @see https://developer.work.weixin.qq.com/document/path/99110
 */
export function renderElements(
  elements: h[], writer = new GrowingMarkdown(streamDialect),
): Required<Omit<Said, 'card'>> & Said {
  const state: State = { images: [], buttons: [], cards: [], writer }
  const joined = joinBlocks(renderAll(elements, state))
  const text = elements[0]?.type === 'markdown' ? joined : joined.trimStart()
  return { text, images: state.images, buttons: state.buttons, card: state.cards.at(-1) }
}

/** Collected while the text is rendered. */
interface State extends Required<Pick<Said, 'images' | 'buttons'>> {
  cards: TemplateCard[]
  writer: GrowingMarkdown
}

function renderAll(elements: h[], state: State): string {
  return joinInline(elements.map(element => visit(element, state)))
}

function visit(element: h, state: State): string {
  const { type, attrs } = element
  const inner = () => renderAll(element.children, state)
  switch (type) {
    case 'text':
      return escapeMarkdown(raw(element))
    case 'markdown':
      return rawMarkdown(state.writer.write(raw(element)))
    case 'b':
    case 'strong':
      return emphasize(inner(), '**')
    case 'i':
    case 'em':
      return emphasize(inner(), '*')
    case 's':
    case 'del':
      return emphasize(inner(), '~~')
    case 'code':
      return inlineCode(raw(element))
    case 'pre':
    case 'code-block':
      return codeBlock(raw(element), String(attrs.lang ?? attrs.language ?? ''))
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
      return block(`${'#'.repeat(Number(type[1]))} ${joinBlocks(inner()).replace(/\n+/g, ' ')}`)
    case 'hr':
      return block('---')
    case 'blockquote':
    case 'quote':
      return element.children.length ? block(joinBlocks(inner()).replace(/^/gm, '> ')) : ''
    case 'ul':
    case 'ol':
      return listOf(element, state)
    case 'table':
      return tableOf(element, state)
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

/** The text of an element without any markup. */
function raw(element: h): string {
  if (element.type === 'br') return '\n'
  return withoutBlockMarks(String(element.attrs.content ?? '')) + element.children.map(raw).join('')
}

/** Markdown with blocks in it must not run into its neighbours. */
function rawMarkdown(text: string): string {
  return /\n|^\s*(?:[#+*-]+\s|\d+[.)]\s|[>|]|```|~~~)/.test(text) ? block(text) : text
}

function listOf(element: h, state: State): string {
  let index = Number(element.attrs.start ?? 1)
  const items = element.children.filter(item => item.type === 'li').map((item) => {
    const mark = element.type === 'ol' ? `${index++}. ` : '- '
    return mark + joinBlocks(renderAll(item.children, state), '\n').replace(/\n/g, '\n' + ' '.repeat(mark.length))
  })
  return block(items.join('\n'))
}

function tableOf(element: h, state: State): string {
  return table(h.select(element.children, 'tr').map((row) => {
    const cells = row.children.filter(cell => /^t[hd]$/.test(cell.type))
    return cells.map(cell => joinBlocks(renderAll(cell.children, state)).replace(/\n+/g, ' ').replace(/\|/g, '｜'))
  }))
}

/** Articles as links: only webhooks and apps take news messages. */
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
  // WeCom would refuse the card, and the answer with it.
  if (Buffer.byteLength(encodeButtonKey({ text, input, id: attrs.id })) > MAX_CARD_KEY_BYTES) {
    return block(escapeMarkdown(input && input !== text ? `${text}：${input}` : text))
  }
  state.buttons.push({ text, input, id: attrs.id })
  return ''
}

function image(src: string, title: string, { images }: State): string {
  const address = webAddress(src)
  if (address) return `![${escapeMarkdown(title.replace(/[[\]\n]/g, ''))}](${address})`
  const [, base64] = /^data:image\/[\w.+-]+;base64,([A-Za-z0-9+/=]+)$/.exec(src) ?? []
  const data = base64 && Buffer.from(base64, 'base64')
  if (!data) return `[图片${title && '：' + escapeMarkdown(title)}，无法显示]`
  if (!/^image\/(?:png|jpeg)$/.test(detectFileType(data) ?? '')) return '[图片：只支持 JPG 和 PNG]'
  if (data.length > MAX_INLINE_IMAGE_BYTES || images.length >= MAX_INLINE_IMAGES) return '[图片：过大或过多，未发送]'
  images.push({ base64: data.toString('base64'), md5: createHash('md5').update(data).digest('hex') })
  return ''
}

const resourceNames = { audio: '语音', video: '视频', file: '文件' }

function resource(type: keyof typeof resourceNames, src: string, title: string): string {
  const label = resourceNames[type] + (title && `：${escapeMarkdown(title)}`)
  const address = webAddress(src)
  return address ? `[${label.replace(/[[\]]/g, '')}](${address})` : `[${label}，无法发送]`
}
