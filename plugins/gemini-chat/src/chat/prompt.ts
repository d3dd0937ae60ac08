import { h } from 'koishi'
import type { Session, Universal } from 'koishi'
import type { Part } from '../engine/types'
import { referencesOf } from '../media/reference'

/** Stand in the prompt for elements without text, so that the model learns that there was one. */
const placeholders: Record<string, string> = {
  img: '[image]',
  image: '[image]',
  audio: '[audio]',
  video: '[video]',
  file: '[file]',
}

/** The text of elements as a person reads it: line breaks kept, mentions by name, no markup. */
export function textOf(elements: h[]): string {
  return elements.map(({ type, attrs, children }) => {
    if (type === 'text') return attrs.content as string
    if (type === 'br') return '\n'
    if (type === 'at') return `@${attrs.name || attrs.id || attrs.role || attrs.type}`
    if (type === 'sharp') return `#${attrs.name || attrs.id}`
    if (type === 'a') return linkText(attrs.href, textOf(children))
    if (type in placeholders) return attrs.title ? `${placeholders[type]} ${attrs.title}` : placeholders[type]
    if (type === 'forward' || (type === 'message' && attrs.forward)) return forwardedText(children)
    const inner = textOf(children)
    if (type === 'p' || type === 'li' || type === 'message') return `\n${inner}\n`
    return inner.trim() || transparent.has(type) ? inner : traceOf(type, attrs)
  }).join('')
}

/** Forwarded messages, each with its author. What a platform does not hand over leaves a trace. */
function forwardedText(messages: h[]): string {
  const lines = messages.map(({ type, attrs, children }) => {
    const author = children.find(child => child.type === 'author')?.attrs ?? {}
    const name = [author.name, author.nick, attrs.nickname, attrs.name, author.id, attrs.userId]
      .find(value => value !== undefined && value !== '')
    const text = tidy(textOf(type === 'message' || type === 'node' ? children : [h(type, attrs, children)]))
    return name === undefined ? text : `${String(name).replace(/\s+/g, ' ')}: ${text}`
  }).filter(Boolean)
  return lines.length ? `\n[forwarded messages]\n${lines.join('\n')}\n` : '[forwarded messages]'
}

/** Elements that only hold or format others; empty ones say nothing. */
const transparent = new Set([
  'p', 'b', 'strong', 'i', 'em', 'u', 'ins', 's', 'del', 'spl', 'code', 'pre', 'sup', 'sub', 'ul', 'ol', 'li', 'template',
  'markdown', 'message', 'author', 'quote', 'passive', 'button', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'hr',
  'table', 'thead', 'tbody', 'tr', 'th', 'td', 'div', 'span', 'reply',
])

/** Stands for an element without text, with what names it, so that the model learns that there was one. */
function traceOf(type: string, attrs: Record<string, unknown>): string {
  const name = [attrs.title, attrs.name, attrs.label, attrs.summary, attrs.prompt, attrs.text, attrs.url]
    .find(value => typeof value === 'string' && value.trim())
  return name === undefined ? `[${type}]` : `[${type}] ${String(name).replace(/\s+/g, ' ').slice(0, 200)}`
}

function linkText(href: string | undefined, label: string) {
  if (!href || label === href) return label
  return label ? `${label} (${href})` : href
}

/** Whether the elements hold any text. */
function isReadable(elements: h[]): boolean {
  return elements.some(({ type, attrs, children }) => {
    if (type === 'text') return !!attrs.content.trim()
    return type === 'a' ? !!attrs.href : isReadable(children)
  })
}

type Message = Pick<Session, 'elements' | 'selfId' | 'quote' | 'stripped'>

/**
 * The elements of a message without leading mentions and nicknames of the bot. Koishi strips them too
 * (`stripped.content`), but only from the escaped markup.
 */
export function bodyOf({ elements = [], selfId, quote, stripped }: Message): h[] {
  const body = elements.slice()
  while (body.length && isAddress(body[0], [selfId, quote?.user?.id])) body.shift()
  if (stripped.hasAt || !stripped.appel || body[0]?.type !== 'text') return body

  // Koishi found a nickname. Remove from the elements what it removed from the markup.
  const whole = body.join('').trim()
  const address = h.unescape(whole.slice(0, whole.length - stripped.content.length))
  const text: string = body[0].attrs.content
  return [h.text(text.trimStart().slice(address.length)), ...body.slice(1)]
}

function isAddress({ type, attrs }: h, ids: (string | undefined)[]) {
  return type === 'at' ? attrs.id && ids.includes(attrs.id) : type === 'text' && !attrs.content.trim()
}

/**
 * The question for the model: a text, with a citation of the quoted message, and references to the files it names.
 * @param body the message's elements, without the mention or name of the bot
 * @returns undefined if there is neither text nor a file
 */
export function promptOf(body: h[], { quote, selfId }: Pick<Session, 'quote' | 'selfId'>): Part[] | undefined {
  const quoted = quote ? quote.elements ?? h.parse(quote.content ?? '') : []
  const cited = quote && citation(quote, quoted, selfId)
  const files = [...referencesOf(quoted), ...referencesOf(body)]
  if (!isReadable(body) && !cited && !files.length) return
  return [{ text: [cited, tidy(textOf(body))].filter(Boolean).join('\n\n') }, ...files]
}

function citation(quote: Universal.Message, elements: h[], selfId: string): string {
  const text = tidy(textOf(elements))
  if (!text) return ''
  const { user, member } = quote
  const name = tidy(member?.nick || user?.nick || user?.name || user?.id || '').replace(/\s+/g, ' ')
  const who = user?.id === selfId ? 'You wrote:' : name ? `${name} wrote:` : 'Quoted message:'
  return [who, ...text.split('\n').map(line => `> ${line}`)].join('\n')
}

function tidy(text: string): string {
  return text.replace(/(?<![ \t])[ \t]+\n/g, '\n').replace(/\n{3,}/g, '\n\n').trim()
}
