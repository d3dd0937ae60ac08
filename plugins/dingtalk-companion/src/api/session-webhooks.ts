import { ExpiringMap } from 'common/collections'
import type { Clock } from 'common/time'

/** The address for replies to one conversation. */
export interface SessionWebhook {
  url: string
  /** Milliseconds from the message that brought it, however the clocks of DingTalk and of this machine are set. */
  lifeMs: number
}

/** A webhook is not used in the last seconds of its life. */
const MARGIN_MS = 10_000

const MAX_LIFETIME_MS = 86_400_000

const MAX_CHATS = 2000

/**
 * The newest webhook of each chat.
 * @see https://open.dingtalk.com/document/orgapp/receive-message
 */
export class SessionWebhooks {
  /** By channel id. */
  private readonly webhooks: ExpiringMap<SessionWebhook & { expiresAt: number }>

  /** @param origin of DingTalk's API: a message that names another host is not believed */
  constructor(private readonly clock: Clock, private readonly origin: string) {
    this.webhooks = new ExpiringMap(clock, MAX_LIFETIME_MS, MAX_CHATS)
  }

  set(channelId: string, webhook: SessionWebhook) {
    if (!URL.canParse(webhook.url) || new URL(webhook.url).origin !== this.origin) return
    this.webhooks.set(channelId, { ...webhook, expiresAt: this.clock.monotonic() + webhook.lifeMs })
  }

  /** @returns `undefined` where there is none, or its life is over */
  get(channelId: string): SessionWebhook | undefined {
    const webhook = this.webhooks.get(channelId)
    if (!webhook) return
    if (webhook.expiresAt - this.clock.monotonic() > MARGIN_MS) return webhook
    this.webhooks.delete(channelId)
  }

  /** DingTalk does not take a webhook any more. */
  forget(channelId: string) {
    this.webhooks.delete(channelId)
  }
}
