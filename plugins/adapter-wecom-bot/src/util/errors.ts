import { CodedError } from 'common/errors'

/** How a call to WeCom's API failed. */
export type ApiFailure =
  /** Never left this machine: no connection, or the bot was stopped. May be sent again. */
  | 'unsent'
  /** Not sent; kept in the database for the next start. */
  | 'deferred'
  /** Answered with an error code. */
  | 'refused'
  /** No usable answer: the message may or may not have arrived. */
  | 'unconfirmed'

/** Every `code` an error of this plugin can have. README.md lists what each means and what to do. */
export type WecomErrorCode =
  | 'wecom-bot/conflicting-bots'
  | 'wecom-bot/missing-credentials'
  | 'wecom-bot/invalid-card'
  | 'wecom-bot/invalid-news'
  | 'wecom-bot/no-route'
  | 'wecom-bot/message-closed'
  | 'wecom-bot/delivery-unsent'
  | 'wecom-bot/delivery-deferred'
  | 'wecom-bot/delivery-refused'
  | 'wecom-bot/delivery-unconfirmed'
  | 'wecom-bot/api-unsent'
  | 'wecom-bot/api-deferred'
  | 'wecom-bot/api-refused'
  | 'wecom-bot/api-unconfirmed'
  | 'wecom-bot/invalid-proxy'
  | 'wecom-bot/proxy-failed'
  | 'wecom-bot/media-too-large'
  | 'wecom-bot/media-unavailable'
  | 'wecom-bot/media-network-failed'
  | 'wecom-bot/media-timed-out'
  | 'wecom-bot/media-private-address'
  | 'wecom-bot/media-undecryptable'
  | 'wecom-bot/callback-malformed'
  | 'wecom-bot/callback-decrypt'
  | 'wecom-bot/callback-payload'
  | 'wecom-bot/callback-signature'
  | 'wecom-bot/callback-clock'
  | 'wecom-bot/callback-replay'
  | 'wecom-bot/callback-receive-id'
  | 'wecom-bot/callback-foreign-bot'
  | 'wecom-bot/callback-method'
  | 'wecom-bot/callback-slow'
  | 'wecom-bot/callback-size'

/** Base of all errors of this plugin. */
export abstract class WecomError<Code extends WecomErrorCode = WecomErrorCode> extends CodedError<Code> {}
