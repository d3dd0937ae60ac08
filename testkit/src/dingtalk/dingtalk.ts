import type { Clock } from '../clock'
import type { DingtalkApiError } from './api-error'
import type { Card } from './card'
import type { CardClick } from './card-click'
import type { MessageBody, MessageOrigin } from './message'
import type { RateMeter } from './rate-meter'
import type { Reaction } from './reaction'
import type { RobotMessage } from './robot'
import type { DingtalkApi } from './routes'
import type { CallbackDelivery, StreamGateway } from './stream'
import type { UploadedFile } from './upload'

/** How to fail a call: with an API error, the WAF's page, no response, or a connection reset. */
export type DingtalkFailure = DingtalkApiError | 'ban' | 'hang' | 'reset'

export interface DingtalkCall {
  api: DingtalkApi
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any
  at: number
  status: number
  /** Error code of a failed call. */
  code?: string
  billed: boolean
}

export interface DingtalkOptions {
  port?: number
  clock?: Clock
  appKey?: string
  appSecret?: string
  /** Secrets of further apps, by app key. */
  otherApps?: Record<string, string>
  agentId?: number
  /** Milliseconds until an unacknowledged callback is sent again, 60,000 by default. */
  redelivery?: number
  /** Lifetime of an access token in seconds, 7200 by default. */
  tokenLife?: number
  /** Maximum calls per second and API, 20 by default. */
  qps?: number
  /** Maximum calls per month, 5000 by default. */
  monthly?: number
  /** Maximum bytes of a card's content, 20,000 by default. */
  cardLimit?: number
  /** The existing card templates; any by default. */
  templates?: string[]
  /**
   * Whether callbacks carry a sessionWebhook of this mock. By default it is the address in the documentation, at
   * which the mock cannot be reached.
   */
  sessionWebhooks?: boolean
}

export interface Dingtalk {
  /** Replace `https://api.dingtalk.com/v1.0` and `https://oapi.dingtalk.com`. */
  apiEndpoint: string
  oldApiEndpoint: string
  appKey: string
  appSecret: string
  calls: DingtalkCall[]
  messages: RobotMessage[]
  cards: Card[]
  /** The reactions that messages carry, in the order they were added. */
  reactions: Reaction[]
  /** The files that were uploaded, by media id. */
  uploads: Map<string, UploadedFile>
  meter: RateMeter
  stream: StreamGateway
  /** Sends a message to the robot over the Stream connection. */
  say(body: MessageBody, place?: MessageOrigin): Promise<CallbackDelivery>
  /** Clicks a button of a card. */
  click(card: Pick<Card, 'outTrackId' | 'space' | 'app'>, click: CardClick): Promise<CallbackDelivery>
  /** Sends a message to the robot in HTTP mode. @returns the HTTP status of the robot's response */
  post(url: string, body: MessageBody, place?: MessageOrigin): Promise<number>
  /** Stores a file for use in messages. @returns its download code */
  media(bytes: Uint8Array, type: string): string
  /** Fails the next calls of an API. Failures are queued. */
  fail(api: DingtalkApi, failure: DingtalkFailure, times?: number): void
  /** Takes back the failures that are still queued. */
  recover(): void
  /** Invalidates all access tokens. */
  expireTokens(): void
  close(): Promise<void>
}
