import { describeError } from 'common/errors'
import { h } from 'koishi'
import type { Session } from 'koishi'
import { createDelivery, targetOf } from '../delivery'
import type { Delivery } from '../delivery'
import { traitsOf } from '../delivery/platforms'
import { localize, localizeText } from '../messages/i18n'
import type { Message } from '../messages/i18n'
import type { ChatContext } from './context'

/** Shows nothing: the answer is for a plugin. */
const SILENT: Delivery = { status() {}, update() {}, async finish() {} }

/** Shows an answer in its channel: first a status, then the text as it grows, finally the whole text. */
export class AnswerPresenter {
  private readonly delivery: Delivery
  /** Replaces a status when the plugin is unloaded. Kept here, because the texts are gone by then. */
  private closingText = ''

  /** @param isSilent shows nothing */
  constructor(private readonly context: ChatContext, private readonly session: Session, isSilent = false) {
    const { config, config: { streaming } } = context
    this.delivery = isSilent ? SILENT : createDelivery(targetOf(session, config), { ...context, streaming })
  }

  /** Whether a status or a text is visible, so that further messages have to replace it. */
  get isOpen(): boolean {
    return !!this.delivery.isOpen
  }

  /** Shows a status until there is text, unless the plugin is unloaded. */
  status(...message: Message) {
    if (!this.context.disposed.aborted) this.showProvisional(localizeText(this.session, ...message))
  }

  /** Shows a line in place of the answer until there is text. */
  showProvisional(line: string) {
    this.closingText = localizeText(this.session, 'stopped')
    this.delivery.status?.(line)
  }

  /** Shows a line that tells what is being done; an empty one removes it. */
  activity(line: string) {
    if (!this.context.disposed.aborted) this.delivery.activity?.(line)
  }

  /** Tells that the question waits: as a status, or in a message of its own where a status could not be replaced. */
  async showQueued(ahead: number) {
    const { delivery, session } = this
    const message: Message = ['status.queued', { ahead }]
    if (delivery.status) this.status(...message)
    else if (!traitsOf(session.bot.platform).isAnsweredOnce) await session.send(localize(session, ...message))
  }

  /** Shows the answer so far. */
  update(text: string) {
    this.delivery.update(text)
  }

  /**
   * Shows the whole answer. A failure is logged.
   * @param failed whether an error interrupted the answer
   */
  async deliver(text: string, failed = false) {
    try {
      await this.delivery.finish(text.trimEnd(), failed)
    } catch (error) {
      this.context.logger.warn('could not deliver an answer: %s', describeError(error))
    }
  }

  /** Replaces the status with a text. @returns the text as elements, if nothing is visible that it could replace */
  async replaceStatus(text: string): Promise<h[] | undefined> {
    if (!this.isOpen) return [h.text(text)]
    await this.deliver(text)
  }

  /** Replaces a status that no answer will replace. */
  async clearStatus() {
    if (this.isOpen && this.closingText) await this.deliver(this.closingText)
  }
}
