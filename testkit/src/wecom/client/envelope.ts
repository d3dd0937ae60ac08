import { decrypt, sign } from '../crypto'
import type { Reply } from './reply-rules'

/** The bot's reply is one that WeCom rejects. */
export class ReplyError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ReplyError'
  }
}

export interface Expectation {
  token: string
  key: Uint8Array
  receiveId?: string
  /** The nonce of the callback, which the reply must repeat. */
  nonce: string
}

/**
 * Opens the body of a reply.
 * @returns `undefined` for an empty reply: no body, or `success`
 * @see https://developer.work.weixin.qq.com/document/path/101033
 * @throws {ReplyError}
 */
export function readReply(body: string, { token, key, receiveId = '', nonce }: Expectation): Reply | undefined {
  if (!body || body === 'success') return
  let envelope
  try {
    envelope = JSON.parse(body)
  } catch (cause) {
    throw new ReplyError('回复不是 JSON / the reply is not JSON', { cause })
  }
  if (typeof envelope?.encrypt !== 'string') throw new ReplyError('回复里没有 encrypt / the reply has no encrypt')
  if (envelope.nonce !== nonce) throw new ReplyError('回复的 nonce 与回调不同 / the reply does not repeat the nonce of the callback')
  if (sign(token, String(envelope.timestamp), nonce, envelope.encrypt) !== envelope.msgsignature) {
    throw new ReplyError('回复的签名错误 / the reply has a wrong signature')
  }
  let opened
  try {
    opened = decrypt(key, envelope.encrypt)
  } catch (cause) {
    throw new ReplyError('回复无法解密 / the reply cannot be decrypted', { cause })
  }
  if (opened.receiveId !== receiveId) throw new ReplyError('回复的 ReceiveId 错误 / the reply has a wrong ReceiveId')
  try {
    return JSON.parse(opened.message)
  } catch (cause) {
    throw new ReplyError('回复的明文不是 JSON / the decrypted reply is not JSON', { cause })
  }
}
