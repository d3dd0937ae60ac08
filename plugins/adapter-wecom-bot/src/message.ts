import type { Context, h } from 'koishi'
import { MessageEncoder } from 'koishi'
import type { WecomBot } from './bot'

/** Sends elements: into the turn that they answer, or as a push if they answer none. */
export class WecomMessageEncoder<C extends Context = Context> extends MessageEncoder<C, WecomBot<C>> {
  private elements: h[] = []

  override async flush() {
    const elements = this.elements.splice(0)
    if (!elements.length) return
    const { bot, channelId, options, referrer } = this
    const answered = referrer ?? options.session?.event.referrer
    const { app, event } = this.session
    const delivered = await bot.services.sender.deliver(channelId, elements, answered).catch((error: unknown) => {
      app.emit(this.session, 'wecom-bot/send-failed', this.session as never, error as Error, options.session as never)
      throw error
    })
    if (!delivered) return
    event.message = { ...event.message, ...delivered }
    this.results.push(event.message)
    app.emit(this.session, 'send', this.session)
  }

  override async visit(element: h) {
    // Each `message` element becomes a message that can be edited on its own.
    if (element.type !== 'message') {
      this.elements.push(element)
      return
    }
    await this.flush()
    await this.render(element.children, true)
  }
}
