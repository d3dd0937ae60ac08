import { WecomApiError } from '../api/client'

/** Error codes of the long connection. */
export const errcodes = {
  /** Two frames of one stream were processed at once. */
  conflict: 6000,
  wrongSecret: 40001,
  wrongBotId: 40013,
  rateLimited: 45009,
  tooConcurrent: 45033,
  unknownChat: 93006,
  /** The callback cannot be answered any more, or not with this command. */
  requestIdInvalid: 846605,
  streamExpired: 846608,
  notSubscribed: 846609,
} as const

const hints: Record<number, string> = {
  [errcodes.wrongSecret]: 'Secret 不正确：请在机器人的配置页面核对 botSecret / wrong Secret: check "botSecret" on the bot\'s page',
  [errcodes.wrongBotId]: 'BotID 不正确：请在机器人的配置页面核对 botId / wrong BotID: check "botId" on the bot\'s page',
  [errcodes.rateLimited]: '超过企业微信的频率限制 / beyond WeCom\'s rate limit',
  [errcodes.tooConcurrent]: '超过企业微信的并发限制 / beyond WeCom\'s concurrency limit',
  [errcodes.unknownChat]: '会话不存在，或对方从未给机器人发过消息 / unknown chat, or it has never sent this bot a message',
  [errcodes.requestIdInvalid]: '这条消息已不能回复 / this message can no longer be answered',
  [errcodes.streamExpired]: '流式消息已过期 / the stream has expired',
  [errcodes.notSubscribed]: '长连接尚未订阅 / the connection is not subscribed',
}

/** WeCom has answered a frame with an error code. Of its `errmsg` nothing is kept: it may repeat what was sent. */
export function refusal(errcode: number): WecomApiError {
  return new WecomApiError('refused', errcode, hints[errcode])
}

/** Nothing was sent: the frame may be sent again. */
export function unsent(detail: string): WecomApiError {
  return new WecomApiError('unsent', undefined, detail)
}

/** The frame was sent, and it is not known whether WeCom has processed it. */
export function unconfirmed(detail: string): WecomApiError {
  return new WecomApiError('unconfirmed', undefined, detail)
}

/** Whether an error is WeCom's answer with this code. */
export function isRefusal(error: unknown, ...codes: number[]): boolean {
  return error instanceof WecomApiError && codes.includes(error.errcode!)
}

/** Whether a subscription will be refused again until the settings are corrected. */
export function isPermanent(errcode: number): boolean {
  return errcode === errcodes.wrongSecret || errcode === errcodes.wrongBotId
}
