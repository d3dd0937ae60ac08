import type { Event, Message } from './protocol/payload'
import { WecomBot } from './bot'

/** What plugins are told of an event: all of it but the addresses and codes with which somebody could reply. */
type Told<T extends Event['type']> = Omit<Extract<Event, { type: T }>, 'responseUrl' | 'webhookUrl' | 'responseCode'>

declare module 'koishi' {
  interface Events {
    /** Somebody has opened the single chat for the first time on a day. */
    'wecom-bot/enter-chat'(event: Told<'enter-chat'>, bot: WecomBot): void
    /** Somebody has clicked on a card. */
    'wecom-bot/card-click'(event: Told<'card-click'>, bot: WecomBot): void
    /** Somebody has rated an answer, or taken that back. */
    'wecom-bot/feedback'(event: Told<'feedback'>, bot: WecomBot): void
  }

  interface Session {
    /** What WeCom sent, for messages of platform `wecom-bot`. */
    wecomBot?: Omit<Message, 'responseUrl' | 'webhookUrl'>
  }
}

export * from './adapter'
export * from './bot'
export * from './config'
export type * from './protocol/payload'
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
