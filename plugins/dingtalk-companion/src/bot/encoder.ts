import { describeError } from 'common/errors'
import { MessageEncoder } from 'koishi'
import type { Bot, Context, h, Session, Universal } from 'koishi'
import type { OutgoingFile } from '../delivery/media-sender'
import type { BotMessages, MessageTarget } from '../turn/bot-messages'
import type { Turn } from '../turn/turn'
import { contentOf } from './content'
import { partsOf } from './outgoing-parts'

declare module 'koishi' {
  interface Events {
    /**
     * A message or a file could not be sent.
     * @param session of the message
     * @param source the session that it replies to, if it replies to one
     */
    'dingtalk-companion/send-failed'(session: Session, error: Error, source?: Session): void
  }
}

export interface EncoderOptions {
  messages: BotMessages
  turn?: Turn
  warn(text: string): void
}

/** Sends elements as Markdown messages, and files as messages of their type. Koishi's events are emitted as usual. */
export class CompanionEncoder extends MessageEncoder<Context, Bot<Context>> {
  private elements: h[] = []
  private failure: unknown

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
    for (const part of partsOf(this.elements.splice(0))) {
      if (part.type === 'markdown') await this.sendMarkdown(part.elements)
      else await this.sendFile(part.file)
    }
  }

  override async send(content: h.Fragment) {
    const messages = await super.send(content)
    // The sender of nothing but files has to know that none of them arrived.
    if (!this.results.length && this.failure) throw this.failure
    return messages
  }

  private async sendMarkdown(elements: h[]) {
    const content = contentOf(elements)
    if (!content.state && !content.text.trim() && !content.buttons?.length) return
    const id = await this.encoderOptions.messages.create(this.target, content).catch((error: unknown) => {
      this.report(error)
      throw error
    })
    const { session } = this
    session.event.message = { ...session.event.message, id, elements }
    this.results.push({ id })
    session.app.emit(session, 'send', session)
  }

  /** A file that fails does not keep back what follows it. */
  private async sendFile(file: OutgoingFile) {
    const { encoderOptions: { messages, warn }, session } = this
    try {
      const id = await messages.sendFile(this.target, file)
      this.results.push({ id })
      session.event.message = { ...session.event.message, id }
      session.app.emit(session, 'send', session)
    } catch (error) {
      this.failure = error
      this.report(error)
      warn(`DingTalk: a file could not be sent: ${describeError(error)}`)
    }
  }

  private report(error: unknown) {
    const { options, session } = this
    const source = options.session as Session | undefined
    session.app.emit(session, 'dingtalk-companion/send-failed', session as Session, error as Error, source)
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
