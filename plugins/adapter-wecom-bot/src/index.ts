import type { Message } from './payload'
import { WecomBot } from './bot'

declare module 'koishi' {
  interface Session {
    /** What WeCom sent, for messages of platform `wecom-bot`. */
    wecomBot?: Omit<Message, 'responseUrl' | 'webhookUrl'>
  }
}

export * from './adapter'
export * from './bot'
export { CardError } from './card'
export * from './config'
export { NewsError } from './news'
export { DeliveryError } from './outlet'
export type * from './payload'

export default WecomBot
