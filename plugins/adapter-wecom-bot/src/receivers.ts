import type { Logger } from 'koishi'
import { createCredentials } from './callback/credentials'
import type { CallbackBot } from './callback/endpoint'
import type { Config } from './config'
import { AibotHandler } from './inbound/aibot-handler'
import { ForeignTurns } from './inbound/foreign-turns'
import { PassiveHandler } from './inbound/passive-handler'
import type { Takeover } from './inbound/takeover'
import type { HandlerContext } from './inbound/types'
import type { SharedTurns } from './instances/shared-turns'
import type { LongConnection } from './long-connection/long-connection'
import { isTrusted } from './media/trusted-hosts'
import type { WecomApp } from './push/app'
import type { PushTargets } from './push/push-targets'
import type { WebhookRegistry } from './push/webhook-registry'
import type { Concurrency } from './turn/concurrency'
import type { TurnLog } from './turn/turn-log'
import { reportConnection } from './websocket/connection-report'
import type { Clock } from 'common/time'

/** Addresses that WeCom gives with a message, to which an answer may be sent. One on an untrusted host is not used. */
export interface ReplyAddresses {
  isTrusted(url: string): boolean
  /** @returns its argument. Logs a warning if that is `undefined` */
  noted<T>(trusted: T | undefined): T | undefined
}

export function createReplyAddresses({ apiEndpoint, trustedHosts }: Config, logger: Logger): ReplyAddresses {
  const warn = () => {
    logger.warn('ignored a reply address on an untrusted host; add the host to trustedHosts to allow it')
  }
  return {
    isTrusted(url) {
      const trusted = isTrusted(url, apiEndpoint, trustedHosts)
      if (!trusted) warn()
      return trusted
    },
    noted(trusted) {
      if (trusted === undefined) warn()
      return trusted
    },
  }
}

/** The services of a bot that its receivers use. */
export interface ReceiverServices {
  config: Config
  clock: Clock
  app?: WecomApp
  webhooks: WebhookRegistry
  pushTargets: PushTargets
  concurrency: Concurrency
  sharedTurns: SharedTurns
  takeover: Takeover
  longConnection?: LongConnection
}

/** Handles what comes from an intelligent bot, by callback or by the long connection. */
export function createAibotHandler(
  { config, clock, sharedTurns, takeover }: ReceiverServices,
  context: HandlerContext,
  { isTrusted }: ReplyAddresses,
): AibotHandler {
  return new AibotHandler({
    ...context,
    freshness: config.freshness,
    botId: config.botId || undefined,
    firstReply: config.firstReply,
    foreignTurns: new ForeignTurns({
      turns: sharedTurns,
      takeover,
      notices: context.notices,
      placeholder: config.placeholder,
      clock,
    }),
    feedback: config.feedback,
    clock,
    isTrusted,
  })
}

export interface CallbackBotParts {
  aibot: AibotHandler
  context: HandlerContext
  log: TurnLog
  replyAddresses: ReplyAddresses
}

/** The bot as its callback path sees it: an intelligent bot, a self-built app and group robots behind one address. */
export function createCallbackBot(
  services: ReceiverServices,
  { aibot, context, log, replyAddresses }: CallbackBotParts,
): CallbackBot {
  const { config, clock, app, webhooks, concurrency, pushTargets, longConnection, sharedTurns } = services
  const passive = new PassiveHandler({
    ...context,
    agentId: config.agentId || undefined,
    wait: config.passiveReply,
    unclaimed: config.unclaimed,
    app,
    webhooks,
    clock,
    log,
    webhookOf: url => replyAddresses.noted(pushTargets.robotWebhook(url)),
  })
  return {
    credentials: createCredentials(config),
    anyReceiver: !config.receiveId && !config.corpId,
    freshness: config.freshness,
    healthToken: config.healthToken,
    verified: () => context.dispatcher.verified(),
    accept: (payload, isReplayed) => (payload.source ? passive : aibot).accept(payload, isReplayed),
    status: () => ({
      answering: concurrency.size,
      turns: context.turns.size,
      queued: webhooks.waiting,
      connection: longConnection && reportConnection(longConnection.connection),
      ...sharedTurns.state && { shared: sharedTurns.report() },
    }),
  }
}
