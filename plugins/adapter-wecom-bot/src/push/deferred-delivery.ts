import type { SharedState } from 'common/shared-state'
import type { Logger } from 'koishi'
import { WecomApiError } from '../api/client'
import type { DeferredStore } from '../storage/deferred'
import type { WebhookRegistry } from './webhook-registry'

/** Carries unsent webhook messages over a restart, or to another instance. */
export class DeferredDelivery {
  private isClosed = false
  /** Tells the other instances that there are messages to send. */
  private announce = () => {}

  /** @param isPersistent whether the store survives the process */
  constructor(
    readonly webhooks: WebhookRegistry,
    readonly store: DeferredStore,
    readonly isPersistent: boolean,
    readonly logger: Logger,
  ) {}

  /** Sends what other instances could not send before they were stopped. @returns a function that ends this */
  connect(state: SharedState, botId: string): () => void {
    if (!state.isShared) return () => {}
    const topic = `wecom-bot/${botId}/deferred`
    this.announce = () => state.publish(topic, '')
    const unsubscribe = state.subscribe(topic, () => void this.resume())
    void this.resume()
    return () => {
      this.announce = () => {}
      unsubscribe()
    }
  }

  /** Closes the webhooks, and stores the messages that they have not sent. */
  async save() {
    this.isClosed = true
    const { kept, lost } = await this.webhooks.close(messages => this.store.deferMessages(messages))
    if (kept) {
      this.announce()
      this.logger.info('%d unsent webhook messages are stored; another instance or the next start sends them', kept)
    }
    if (lost) this.logger.warn('%d unsent webhook messages are lost: %s', lost, this.isPersistent
      ? 'the database could not store them, or their webhook is not configured'
      : 'set storage to "database" to keep them')
  }

  /** Sends the messages that an earlier process, or another instance, has stored. */
  async resume() {
    if (this.isClosed) return
    await this.webhooks.resume(targets => this.store.takeDeferred(targets), (error) => {
      if (error instanceof WecomApiError && error.failure === 'deferred') return
      this.logger.warn('could not send a webhook message stored before a restart: %s', (error as Error).message)
    })
  }
}
