import { robotWebhook } from '../media/trusted-hosts'
import type { WecomApp } from './app'
import type { Clock } from '../util/clock'
import type { Config } from '../config'
import { channelOf, userOf } from '../protocol/conversation'
import type { Message } from '../protocol/payload'
import type { Push } from './push'
import { WebhookPush, toLegacyRobot } from './push'
import { ExpiringMap } from 'common/collections'
import type { WebhookRegistry } from './webhook-registry'

/** How long and how many group robots of the older kind are remembered. */
const LIFE = 7 * 24 * 3600_000
const COUNT = 1000

/** Where the chats of a bot are reached with messages that answer nothing. */
export class PushTargets {
  private readonly robots: ExpiringMap<{ url: string, chatId: string }>

  constructor(
    readonly config: Pick<Config, 'apiEndpoint' | 'trustedHosts'>,
    readonly webhooks: WebhookRegistry,
    clock: Clock,
    readonly app?: WecomApp,
  ) {
    this.robots = new ExpiringMap(clock, LIFE, COUNT)
  }

  /** Remembers how a chat can be reached later. */
  record({ chatId, userId, source, webhookUrl }: Message) {
    this.webhooks.noteGroup(chatId)
    if (source?.name !== 'robot' || !source.chatId || !webhookUrl) return
    const url = this.robotWebhook(webhookUrl)
    if (url) this.robots.set(channelOf({ chatId, userId }), { url, chatId: source.chatId })
  }

  /** As the settings say. */
  configured(channelId: string): Push | undefined {
    const webhook = this.webhooks.forChannel(channelId)
    return webhook && new WebhookPush(webhook)
  }

  /** Otherwise: through the robot that was spoken to, to a person through the app. */
  fallbackFor(channelId: string): Push | undefined {
    const robot = this.robots.get(channelId)
    if (robot) return toLegacyRobot(new WebhookPush(this.webhooks.byUrl(robot.url), robot.chatId))
    const userId = userOf(channelId)
    return userId ? this.app?.to(userId) : undefined
  }

  /** The address that a group robot names, as far as it may be posted to. */
  robotWebhook(url: string): string | undefined {
    return robotWebhook(url, this.config.apiEndpoint, this.config.trustedHosts)
  }
}
