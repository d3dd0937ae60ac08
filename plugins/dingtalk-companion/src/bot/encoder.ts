import { MessageEncoder } from 'koishi'
import type { Bot, Context, h, Session, Universal } from 'koishi'
import { needsStockEncoder, toMarkdown } from '../render/elements'
import type { BotMessages, MessageTarget } from '../turn/bot-messages'
import type { TextState } from '../turn/outgoing-message'
import type { Turn } from '../turn/turn'

type StockEncoder = new (...args: ConstructorParameters<typeof MessageEncoder>) => MessageEncoder

export interface EncoderOptions {
  messages: BotMessages
  turn?: Turn
  /** Called with the number of messages that the stock encoder has sent, each of them a billed call. */
  sentByStock(count: number): void
}

/** Sends elements as Markdown messages, and leaves files to the stock encoder. Koishi's events are emitted as usual. */
export class CompanionEncoder extends MessageEncoder<Context, Bot<Context>> {
  private elements: h[] = []

  constructor(
    bot: Bot<Context>, channelId: string, referrer: unknown, options: Universal.SendOptions | undefined,
    private readonly encoderOptions: EncoderOptions,
  ) {
    super(bot, channelId, referrer, options)
  }

  override async visit(element: h) {
    if (element.type !== 'message') {
      this.elements.push(element)
      return
    }
    await this.flush()
    await this.render(element.children, true)
  }

  override async flush() {
    for (const part of partition(this.elements.splice(0))) {
      if (part.some(needsStockEncoder)) await this.sendWithStock(part)
      else await this.sendMarkdown(part)
    }
  }

  private async sendMarkdown(elements: h[]) {
    const content = { text: toMarkdown(elements), state: stateOf(elements) }
    if (!content.state && !content.text.trim()) return
    const id = await this.encoderOptions.messages.create(this.target, content)
    const { session } = this
    session.event.message = { ...session.event.message, id, elements }
    this.results.push({ id })
    session.app.emit(session, 'send', session)
  }

  private async sendWithStock(elements: h[]) {
    const { bot, channelId, encoderOptions: { messages, sentByStock }, options, referrer } = this
    const { MessageEncoder: Stock } = bot.constructor as unknown as { MessageEncoder: StockEncoder }
    const encoder = new Stock(bot, channelId, referrer, options)
    encoder.session = this.session
    try {
      await messages.send(this.target, () => encoder.render(elements, true))
    } finally {
      sentByStock(encoder.results.length)
    }
    this.results.push(...encoder.results)
  }

  private get target(): MessageTarget {
    const { channelId, encoderOptions: { turn }, options } = this
    const session = (options.session ?? this.session) as Session
    return {
      channelId,
      session: options.session,
      turn,
      notice: session.text('dingtalk-companion.interrupted'),
      deleted: session.text('dingtalk-companion.deleted'),
      late: session.text('dingtalk-companion.late'),
    }
  }
}

/** Splits elements into runs that only the stock encoder can send, and runs that become Markdown. */
function partition(elements: h[]): h[][] {
  const parts: h[][] = []
  for (const element of elements) {
    const last = parts.at(-1)
    if (last && needsStockEncoder(last[0]) === needsStockEncoder(element)) last.push(element)
    else parts.push([element])
  }
  return parts
}

/** The state that the elements of a message declare. */
export function stateOf(elements: h[]): TextState | undefined {
  const state = elements.findLast(({ type }) => type === 'markdown')?.attrs.state
  return ['processing', 'typing', 'failed'].includes(state) ? state : undefined
}
