import type { Event, Message, Surface } from './protocol/payload'
import { WecomBot } from './bot'
import type { Refusal } from './callback/callback-log'

/** An event as plugins receive it: without the addresses and codes that allow to reply to it. */
type PublicEvent<T extends Event['type']> = Omit<Extract<Event, { type: T }>, 'responseUrl' | 'webhookUrl' | 'responseCode'>

declare module 'koishi' {
  interface Events {
    /**
     * A person has opened the single chat for the first time on a day.
     * @see https://developer.work.weixin.qq.com/document/path/101027
     */
    'wecom-bot/enter-chat'(event: PublicEvent<'enter-chat'>, bot: WecomBot): void
    /** A person has clicked on a template card. */
    'wecom-bot/card-click'(event: PublicEvent<'card-click'>, bot: WecomBot): void
    /** A person has rated an answer, or withdrawn the rating. */
    'wecom-bot/feedback'(event: PublicEvent<'feedback'>, bot: WecomBot): void
    /** The Token is used by another surface than before. Emitted at most once a minute. */
    'wecom-bot/surface'(surface: Surface, bot: WecomBot): void
    /** A callback was refused. Emitted at most ten times a minute for each reason. */
    'wecom-bot/callback-refused'(refusal: Refusal): void
    /**
     * A message could not be sent, or not all of it. The plugin that sends it gets the same error.
     * @param session of the message
     * @param source the session that it replies to, if it replies to one
     */
    'wecom-bot/send-failed'(session: Session, error: Error, source?: Session): void
    /** Emitted by koishi-plugin-assistant-status: adds how a plugin is at this moment. */
    'assistant-status/now'(parts: object[]): void
  }

  interface Session {
    /** The parsed payload of a message. Set for messages of platform `wecom-bot`. */
    wecomBot?: Omit<Message, 'responseUrl' | 'webhookUrl'>
  }
}

export * from './adapter'
export * from './bot'
export { Config, ConfigError } from './config'
export type * from './protocol/payload'
export type { Refusal } from './callback/callback-log'
export { WecomApiError } from './api/client'
export { DeliveryError } from './api/delivery-error'
export { ProxyError } from './api/proxy-error'
export { MediaError } from './media/media-error'
export { CallbackError } from './protocol/callback-error'
export { CardError } from './protocol/template-card'
export { NewsError } from './render/news'
export { WecomError } from './util/errors'
export type { WecomErrorCode } from './util/errors'

export default WecomBot
