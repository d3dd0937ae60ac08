import { createHash } from 'node:crypto'
import type { Clock } from 'common/time'
import type { Config } from '../config'
import type { Post } from '../api/client'
import { WecomApiError } from '../api/client'
import type { DeferredMessage } from '../storage/deferred'
import { MAX_RECORDED_GROUPS } from '../storage/groups'
import { Webhook } from '../api/webhook'

/** Most webhooks in memory. More are kept only while they have messages to send; every group robot has its own. */
const MAX_IDLE_WEBHOOKS = 1000

/** Stores unsent messages for the next start. Resolves to whether they are stored. */
export type DeferMessages = (messages: DeferredMessage[]) => Promise<boolean>

/** The group webhooks of one bot, and the chat that each belongs to. */
export class WebhookRegistry {
  private readonly webhooks = new Map<string, Webhook>()
  /** Groups that the bot received messages from, at most `MAX_RECORDED_GROUPS`. */
  private readonly groups = new Set<string>()
  /** The groups recorded by earlier processes are loaded. */
  private isComplete = false

  /** @param recordGroup stores a group; resolves to all stored groups, or to nothing if the database fails */
  constructor(
    readonly config: Pick<Config, 'webhooks' | 'webhookKey' | 'webhookUrl' | 'apiEndpoint'>,
    readonly post: Post,
    readonly clock: Clock,
    readonly recordGroup: (chatId: string) => Promise<string[] | undefined> = async chatId => [chatId],
    /** Waits until a webhook may take one more message of any instance. */
    readonly slot?: (url: string, signal: AbortSignal) => Promise<unknown>,
  ) {}

  /**
   * The webhook of a chat. The default webhook serves a group that is not configured only while the bot knows no second
   * group: a message must never reach the wrong people.
   * @param channelId a group's id, or `webhook` for the default one
   */
  forChannel(channelId: string): Webhook | undefined {
    const { webhooks } = this.config
    if (Object.hasOwn(webhooks, channelId)) return this.byUrl(this.urlOf(webhooks[channelId]))
    const isOnly = this.isComplete && this.groups.size === 1 && this.groups.has(channelId)
    const url = channelId === 'webhook' || isOnly ? this.default : undefined
    return url ? this.byUrl(url) : undefined
  }

  /** The webhook of a URL. There is one per URL, so that its rate limit holds for all messages. */
  byUrl(url: string): Webhook {
    let webhook = this.webhooks.get(url)
    if (webhook) return webhook
    const { slot } = this
    const admit = slot && ((signal: AbortSignal) => slot(url, signal))
    this.webhooks.set(url, webhook = new Webhook(url, this.post, this.clock, undefined, admit))
    if (this.webhooks.size > MAX_IDLE_WEBHOOKS) this.removeIdle()
    return webhook
  }

  /** Removes the oldest idle webhook. */
  private removeIdle() {
    for (const [url, webhook] of this.webhooks) {
      if (webhook.isIdle) return void this.webhooks.delete(url)
    }
  }

  /** Records a group that the bot received a message from. */
  noteGroup(chatId?: string) {
    // Only "exactly one group" matters, so the set stops at two.
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

  /** Number of waiting messages of all webhooks. */
  get waiting() {
    return [...this.webhooks.values()].reduce((sum, webhook) => sum + webhook.waiting, 0)
  }

  /** Waits until all webhooks have sent everything, at most `limitMs` milliseconds. */
  async whenIdle(limitMs: number) {
    await Promise.all([...this.webhooks.values()].map(webhook => webhook.whenIdle(limitMs)))
  }

  /**
   * Stops sending. Unsent messages of configured webhooks are stored for the next start.
   * @param defer stores them
   * @returns the numbers of stored and of lost messages
   */
  async close(defer: DeferMessages): Promise<{ kept: number, lost: number }> {
    const known = new Set(this.configured().map(hash))
    const messages: DeferredMessage[] = []
    let lost = 0
    await Promise.all([...this.webhooks.values()].map(async (webhook) => {
      const unsent = await webhook.close()
      const target = hash(webhook.url)
      lost += unsent.lost
      if (known.has(target)) messages.push(...unsent.bodies.map(body => ({ target, body })))
      else lost += unsent.bodies.length
    }))
    const isStored = messages.length > 0 && await defer(messages)
    for (const webhook of this.webhooks.values()) webhook.rejectPending(new WecomApiError(isStored ? 'deferred' : 'unsent'))
    return isStored ? { kept: messages.length, lost } : { kept: 0, lost: lost + messages.length }
  }

  /**
   * Sends the messages that an earlier process stored.
   * @param take removes and returns the messages of these webhooks
   */
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

/** Identifies a webhook in the database. Its URL is a secret. */
function hash(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 32)
}
