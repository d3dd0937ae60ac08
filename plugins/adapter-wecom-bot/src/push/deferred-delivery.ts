import type { Logger } from 'koishi'
import { WecomApiError } from '../api/client'
import type { DeferredStore } from '../storage/deferred'
import type { WebhookRegistry } from './webhook-registry'

/** Carries unsent webhook messages over a restart. */
export class DeferredDelivery {
  /** @param isPersistent whether the store survives the process */
  constructor(
    readonly webhooks: WebhookRegistry,
    readonly store: DeferredStore,
    readonly isPersistent: boolean,
    readonly logger: Logger,
  ) {}

  /** Closes the webhooks, and stores the messages that they have not sent. */
  async save() {
    const { kept, lost } = await this.webhooks.close(messages => this.store.deferMessages(messages))
    if (kept) this.logger.info('%d unsent webhook messages are stored and will be sent after the next start', kept)
    if (lost) this.logger.warn('%d unsent webhook messages are lost: %s', lost, this.isPersistent
      ? 'the database could not store them, or their webhook is not configured'
      : 'set storage to "database" to keep them')
  }

  /** Sends the messages that an earlier process has stored. */
  async resume() {
    await this.webhooks.resume(targets => this.store.takeDeferred(targets), (error) => {
      if (error instanceof WecomApiError && error.failure === 'deferred') return
      this.logger.warn('could not send a webhook message stored before the restart: %s', (error as Error).message)
    })
  }
}
