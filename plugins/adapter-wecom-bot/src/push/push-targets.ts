import { robotWebhook } from '../media/trusted-hosts'
import type { WecomApp } from './app'
import type { Clock } from 'common/time'
import type { Config } from '../config'
import { channelOf, userOf } from '../protocol/conversation'
import type { Message } from '../protocol/payload'
import type { Push } from './push'
import { WebhookPush, toLegacyRobot } from './push'
import { ExpiringMap } from 'common/collections'
import type { WebhookRegistry } from './webhook-registry'

/** How long the webhook of a legacy group robot is remembered after its last message. */
const ROBOT_LIFETIME_MS = 7 * 24 * 3600_000
const MAX_ROBOTS = 1000

/** Finds where to push messages that are not replies. */
export class PushTargets {
  private readonly robots: ExpiringMap<{ url: string, chatId: string }>

  constructor(
    readonly config: Pick<Config, 'apiEndpoint' | 'trustedHosts'>,
    readonly webhooks: WebhookRegistry,
    clock: Clock,
    readonly app?: WecomApp,
    /** The bot's long connection, which reaches every chat that has sent a message. */
    readonly longConnection?: { pushTo(channelId: string): Push },
  ) {
    this.robots = new ExpiringMap(clock, ROBOT_LIFETIME_MS, MAX_ROBOTS)
  }

  /** Records from a received message how to push to its chat. */
  record({ chatId, userId, source, webhookUrl }: Message) {
    this.webhooks.noteGroup(chatId)
    if (source?.name !== 'robot' || !source.chatId || !webhookUrl) return
    const url = this.robotWebhook(webhookUrl)
    if (url) this.robots.set(channelOf({ chatId, userId }), { url, chatId: source.chatId })
  }

  /** The configured webhook of a chat. */
  configured(channelId: string): Push | undefined {
    const webhook = this.webhooks.forChannel(channelId)
    return webhook && new WebhookPush(webhook)
  }

  /** Takes the files of an answer that its bubble cannot show. */
  filesOf(channelId: string): Push | undefined {
    return this.configured(channelId) ?? this.fallbackFor(channelId)
  }

  /** The group robot that received messages from a chat, the long connection, or the app for a single chat. */
  fallbackFor(channelId: string): Push | undefined {
    const robot = this.robots.get(channelId)
    if (robot) return toLegacyRobot(new WebhookPush(this.webhooks.byUrl(robot.url), robot.chatId))
    // The default webhook is no chat.
    if (this.longConnection && channelId !== 'webhook') return this.longConnection.pushTo(channelId)
    const userId = userOf(channelId)
    return userId ? this.app?.to(userId) : undefined
  }

  /** The webhook that a group robot named; `undefined` if it must not be used. */
  robotWebhook(url: string): string | undefined {
    return robotWebhook(url, this.config.apiEndpoint, this.config.trustedHosts)
  }
}
