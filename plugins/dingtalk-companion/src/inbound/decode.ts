import { h } from 'koishi'
import type { Universal } from 'koishi'
import type { IncomingMessage, MessageBody, Quote } from './message'
import type { Part } from './parts'

export interface DecodeContext {
  selfId: string
  /** The address of a file; throws where DingTalk does not give it out. */
  download(code: string): Promise<string>
  /** The parts of a message that came earlier. */
  recall(messageId: string): Part[] | undefined
  /** What the robot said. */
  sentText(quote: Quote): string | undefined
}

export interface Decoded {
  elements: h[]
  quote?: Universal.Message
  /** Files that could not be downloaded. */
  missing: number
}

/** Turns a message into Koishi's elements. What cannot be downloaded is left out and counted; it never throws. */
export async function decode(
  { isDirect }: IncomingMessage, { mentions, parts, quote }: MessageBody, context: DecodeContext,
): Promise<Decoded> {
  const [body, quoted] = await Promise.all([decodeParts(parts, context), quote && decodeQuote(quote, context)])
  const people = mentions.map(id => h.at(id))
  // DingTalk delivers only group messages that mention the robot.
  const address = isDirect ? people : [h.at(context.selfId), ...people]
  const missing = body.filter(element => !element).length
  return { elements: [...address, ...body.filter(element => !!element)], quote: quoted, missing }
}

function decodeParts(parts: Part[], { download }: DecodeContext): Promise<(h | undefined)[]> {
  return Promise.all(parts.map(async (part): Promise<h | undefined> => {
    switch (part.type) {
      case 'text': return h.text(part.text)
      case 'link': return h('a', { href: part.url }, [h.text(part.text)])
      case 'file': {
        const { downloadCode, kind, name } = part
        const src = downloadCode && await download(downloadCode).catch(() => undefined)
        return src ? h(kind, { src, ...name && { title: name } }) : undefined
      }
      default: return part satisfies never
    }
  }))
}

async function decodeQuote(quote: Quote, context: DecodeContext): Promise<Universal.Message> {
  const { isOwn, messageId: id, senderId } = quote
  const elements = await quotedElements(quote, context)
  const userId = isOwn ? context.selfId : senderId
  return { id, user: userId ? { id: userId } : undefined, elements, content: elements.join('') }
}

/** DingTalk tells a text and most pictures; of files, and of what the robot said, it may tell the key only. */
async function quotedElements(quote: Quote, context: DecodeContext): Promise<h[]> {
  const { messageId, parts } = quote
  const isComplete = parts.length > 0 && parts.every(part => part.type !== 'file' || part.downloadCode)
  const sent = isComplete ? undefined : context.sentText(quote)
  if (sent !== undefined) return [h.text(sent)]
  const known = isComplete ? undefined : messageId && context.recall(messageId)
  const source = known || parts
  const elements = await decodeParts(source, context)
  return source.flatMap((part, index) => elements[index] ?? placeholder(part))
}

/** A file that cannot be read is quoted by its name. */
function placeholder(part: Part): h[] {
  return part.type === 'file' && part.name ? [h.text(`[${part.name}]`)] : []
}
