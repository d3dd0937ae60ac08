import { createHash } from 'node:crypto'
import type { Clock } from '../util/clock'
import type { Config } from '../config'
import type { Post } from '../api/client'
import { WecomApiError } from '../api/client'
import type { DeferredMessage } from '../storage/deferred'
import { MAX_RECORDED_GROUPS } from '../storage/groups'
import { Webhook } from '../api/webhook'

/** Most webhooks that are held although nothing waits for them; every group robot names one of its own. */
const IDLE = 1000

/** Keeps what could not be sent for the next start; resolves to whether it could. */
export type DeferMessages = (pushes: DeferredMessage[]) => Promise<boolean>

/** The group webhooks of one bot, and which chat each may speak to. */
export class WebhookRegistry {
  private readonly webhooks = new Map<string, Webhook>()
  /** Groups that the bot was spoken to in. */
  private readonly groups = new Set<string>()
  /** Those of earlier processes are among them. */
  private isComplete = false

  /** @param recordGroup notes a group for the next start, and names those that are known; nothing where it cannot */
  constructor(
    readonly config: Pick<Config, 'webhooks' | 'webhookKey' | 'webhookUrl' | 'apiEndpoint'>,
    readonly post: Post,
    readonly clock: Clock,
    readonly recordGroup: (chatId: string) => Promise<string[] | undefined> = async chatId => [chatId],
  ) {}

  /**
   * The webhook of a chat. The default one serves a group that has none of its own only as long as the bot has met no
   * second group: an answer must not end up among other people.
   * @param channelId a group's id, or `webhook` for the default one
   */
  forChannel(channelId: string): Webhook | undefined {
    const { webhooks } = this.config
    if (Object.hasOwn(webhooks, channelId)) return this.byUrl(this.urlOf(webhooks[channelId]))
    const isOnly = this.isComplete && this.groups.size === 1 && this.groups.has(channelId)
    const url = channelId === 'webhook' || isOnly ? this.default : undefined
    return url ? this.byUrl(url) : undefined
  }

  /** The webhook behind an address: all messages to it stand in one line. */
  byUrl(url: string): Webhook {
    let webhook = this.webhooks.get(url)
    if (webhook) return webhook
    this.webhooks.set(url, webhook = new Webhook(url, this.post, this.clock))
    if (this.webhooks.size > IDLE) this.forget()
    return webhook
  }

  /** Lets go of the oldest webhook that nothing waits for. */
  private forget() {
    for (const [url, webhook] of this.webhooks) {
      if (webhook.isIdle) return void this.webhooks.delete(url)
    }
  }

  /** Remembers a group the bot has been spoken to in. */
  noteGroup(chatId?: string) {
    // Two are as good as many: the set stays small.
    if (!chatId || Object.hasOwn(this.config.webhooks, chatId) || this.groups.size >= MAX_RECORDED_GROUPS) return
    if (this.isComplete && this.groups.has(chatId)) return
    this.groups.add(chatId)
    void this.loadGroups(chatId)
  }

  private async loadGroups(chatId: string) {
    for (const known of await this.recordGroup(chatId) ?? []) {
      this.groups.add(known)
      this.isComplete = true
    }
  }

  /** Messages waiting for their place, over all webhooks. */
  get waiting() {
    return [...this.webhooks.values()].reduce((sum, webhook) => sum + webhook.waiting, 0)
  }

  /** Waits until all webhooks have sent everything, at most `limitMs` milliseconds. */
  async whenIdle(limitMs: number) {
    await Promise.all([...this.webhooks.values()].map(webhook => webhook.whenIdle(limitMs)))
  }

  /**
   * Stops. What has not been sent is kept where its webhook will be known again after the next start.
   * @returns how many messages are kept, and how many are lost
   */
  async close(keep: DeferMessages): Promise<{ kept: number, lost: number }> {
    const known = new Set(this.configured().map(hash))
    const pushes: DeferredMessage[] = []
    let lost = 0
    await Promise.all([...this.webhooks.values()].map(async (webhook) => {
      const rest = await webhook.close()
      const target = hash(webhook.url)
      lost += rest.lost
      if (known.has(target)) pushes.push(...rest.bodies.map(body => ({ target, body })))
      else lost += rest.bodies.length
    }))
    const isKept = pushes.length > 0 && await keep(pushes)
    for (const webhook of this.webhooks.values()) webhook.rejectPending(new WecomApiError(isKept ? 'deferred' : 'unsent'))
    return isKept ? { kept: pushes.length, lost } : { kept: 0, lost: lost + pushes.length }
  }

  /** Sends what an earlier process has left. */
  async resume(take: (targets: string[]) => Promise<DeferredMessage[]>, failed: (error: unknown) => void) {
    const urls = new Map(this.configured().map(url => [hash(url), url]))
    if (!urls.size) return
    for (const { target, body } of await take([...urls.keys()])) this.byUrl(urls.get(target)!).send(body).catch(failed)
  }

  dispose() {
    for (const webhook of this.webhooks.values()) webhook.dispose()
  }

  private get default(): string | undefined {
    const fallback = this.config.webhookUrl || this.config.webhookKey
    return fallback ? this.urlOf(fallback) : undefined
  }

  private configured(): string[] {
    const urls = Object.values(this.config.webhooks).map(keyOrUrl => this.urlOf(keyOrUrl))
    return this.default ? [...urls, this.default] : urls
  }

  private urlOf(keyOrUrl: string): string {
    if (/^https?:/.test(keyOrUrl)) return keyOrUrl
    return `${this.config.apiEndpoint.replace(/\/+$/, '')}/cgi-bin/webhook/send?key=${encodeURIComponent(keyOrUrl)}`
  }
}

/** What stands for an address in the database: the address itself is a secret. */
function hash(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 32)
}
