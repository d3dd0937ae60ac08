import { Context, MessageEncoder, h } from 'koishi'
import type { WecomBot } from './bot'
import { render } from './markdown'

/** Sends elements: into the stream of the turn they answer, or as a push where they answer nothing. */
export class WecomMessageEncoder<C extends Context = Context> extends MessageEncoder<C, WecomBot<C>> {
  #elements: h[] = []

  override async flush() {
    const rendered = render(this.#elements.splice(0))
    if (!rendered.text && !rendered.images.length && !rendered.buttons.length && !rendered.card) return
    const { bot, channelId, options, referrer } = this
    const id = await bot.deliver(channelId, rendered, referrer ?? options.session?.event.referrer)
    const { event } = this.session
    event.message = { ...event.message, id, content: rendered.text }
    this.results.push(event.message)
    this.session.app.emit(this.session, 'send', this.session)
  }

  override async visit(element: h) {
    // A message of its own is a segment of the bubble that can be edited on its own.
    if (element.type !== 'message') {
      this.#elements.push(element)
      return
    }
    await this.flush()
    await this.render(element.children, true)
  }
}
