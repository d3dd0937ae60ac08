import { Clock } from './clock'
import { Config } from './config'
import { Post } from './qyapi'
import { Webhook } from './webhook'

/** The group webhooks of one bot, and which chat each may speak to. */
export class Webhooks {
  readonly #byUrl = new Map<string, Webhook>()
  readonly #groups = new Set<string>()

  constructor(
    readonly config: Pick<Config, 'webhooks' | 'webhookKey' | 'webhookUrl' | 'apiEndpoint'>,
    readonly post: Post,
    readonly clock: Clock,
  ) {}

  /**
   * The webhook of a chat. The default one serves a group that has none of its own only as long as the bot has met no
   * second group: an answer must not end up among other people.
   * @param channelId a group's id, or `webhook` for the default one
   */
  of(channelId: string): Webhook | undefined {
    const { webhooks, webhookKey, webhookUrl } = this.config
    if (webhooks[channelId]) return this.#get(webhooks[channelId])
    const fallback = webhookUrl || webhookKey
    if (!fallback) return
    const isOnly = this.#groups.size === 1 && this.#groups.has(channelId)
    return channelId === 'webhook' || isOnly ? this.#get(fallback) : undefined
  }

  /** Remembers a group the bot has been spoken to in. */
  saw(chatId?: string) {
    // Two are as good as many: the set stays small.
    if (chatId && !this.config.webhooks[chatId] && this.#groups.size < 2) this.#groups.add(chatId)
  }

  /** Messages waiting for their place, over all webhooks. */
  get waiting() {
    return [...this.#byUrl.values()].reduce((sum, webhook) => sum + webhook.waiting, 0)
  }

  dispose() {
    for (const webhook of this.#byUrl.values()) webhook.dispose()
  }

  #get(keyOrUrl: string): Webhook {
    const url = /^https?:/.test(keyOrUrl)
      ? keyOrUrl
      : `${this.config.apiEndpoint.replace(/\/+$/, '')}/cgi-bin/webhook/send?key=${encodeURIComponent(keyOrUrl)}`
    let webhook = this.#byUrl.get(url)
    if (!webhook) this.#byUrl.set(url, webhook = new Webhook(url, this.post, this.clock))
    return webhook
  }
}
