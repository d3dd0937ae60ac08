import { h } from 'koishi'
import type { Bot, Session } from 'koishi'
import type { TextState } from '../../src/turn/message-content'

/** A plugin that answers one message by the streaming contract, and ends the middleware chain when it is done. */
export class Answer {
  private id?: string
  private work: Promise<unknown> = Promise.resolve()

  /** @param endChain ends the chain, and resolves when everything is delivered */
  constructor(private readonly session: Session, private readonly endChain: () => Promise<void>) {}

  /** Shows a line while there is no text. */
  status(line: string) {
    this.show(line, 'processing')
  }

  /** Shows the newest text. */
  update(text: string) {
    this.show(text, 'typing')
  }

  /** Shows the whole text and ends the chain. */
  async finish(text: string, failed = false) {
    await this.work
    try {
      await this.write(text, failed ? 'failed' : undefined)
    } finally {
      await this.endChain()
    }
  }

  private show(text: string, state: TextState) {
    const { bot } = this.session
    if (bot.editMessage as unknown) this.work = this.work.then(() => this.write(text, state))
  }

  private async write(text: string, state?: TextState) {
    const { session, session: { bot, channelId } } = this
    const elements = [h('markdown', state ? { state } : {}, h.text(text))]
    const { editMessage } = bot as Partial<Bot>
    if (this.id === undefined) [this.id] = await bot.sendMessage(channelId!, elements, undefined, { session })
    else await editMessage?.call(bot, channelId!, this.id, elements)
  }
}
