import { h } from 'koishi'
import type { Session } from 'koishi'
import type { ChatContext } from './context'
import { createDelivery, targetOf } from '../delivery'
import type { Delivery } from '../delivery'
import { traitsOf } from '../delivery/platforms'
import { describeError } from 'common/errors'
import { localize, localizeText } from '../messages/i18n'
import type { Message } from '../messages/i18n'

/** Where an answer is seen: first what is going on, then the answer as it grows, and at last the whole. */
export class AnswerPresenter {
  private readonly delivery: Delivery
  /** What takes the place of a status when the plugin goes, and its texts before it. */
  private closingText = ''

  constructor(private readonly context: ChatContext, private readonly session: Session) {
    const { config, config: { streaming } } = context
    this.delivery = createDelivery(targetOf(session, config), { ...context, streaming })
  }

  /** There is something to be seen, if only a status: whatever is said must take its place. */
  get isOpen(): boolean {
    return !!this.delivery.isOpen
  }

  /** Shows what is going on, while there is nothing of the answer to be seen, and as long as there are texts for it. */
  status(...message: Message) {
    if (!this.context.disposed.aborted) this.showProvisional(localizeText(this.session, ...message))
  }

  /** Shows what stands where the answer will, until there is some of it. */
  showProvisional(line: string) {
    this.closingText = localizeText(this.session, 'stopped')
    this.delivery.status?.(line)
  }

  /** Says that the question waits: in a message of its own, where it could not be taken away again. */
  async showQueued(ahead: number) {
    const { delivery, session } = this
    const message: Message = ['status.queued', { ahead }]
    if (delivery.status) this.status(...message)
    else if (!traitsOf(session.bot.platform).isAnsweredOnce) await session.send(localize(session, ...message))
  }

  /** Shows how far the answer has come. */
  update(text: string) {
    this.delivery.update(text)
  }

  /**
   * Brings the whole answer. That it cannot be delivered is for the operator to know.
   * @param failed an error has cut it off
   */
  async deliver(text: string, failed = false) {
    try {
      await this.delivery.finish(text.trimEnd(), failed)
    } catch (error) {
      this.context.logger.warn('an answer could not be delivered: %s', describeError(error))
    }
  }

  /** Says something in place of an answer. @returns what is to be said elsewhere, for nothing stands here */
  async replaceStatus(text: string): Promise<h[] | undefined> {
    if (!this.isOpen) return [h.text(text)]
    await this.deliver(text)
  }

  /** There will be no answer, and nothing to be said: no status stays behind. */
  async clearStatus() {
    if (this.isOpen && this.closingText) await this.deliver(this.closingText)
  }
}
