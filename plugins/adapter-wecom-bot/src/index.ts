import type { Payload } from './payload'
import { WecomBot } from './bot'

declare module 'koishi' {
  interface Session {
    /** What WeCom sent, for sessions of platform `wecom-bot`. */
    wecomBot?: Omit<Payload, 'responseUrl' | 'webhookUrl'>
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
