import type { Payload, Reply } from 'testkit'
import { WecomClient, decodeKey, decrypt } from 'testkit'
import { AES_KEY, PATH, TOKEN } from '../servers/settings'

/** More users than connections, so that no user exceeds the limit of concurrent turns. */
export const USER_COUNT = 500

const client = new WecomClient({ url: `http://127.0.0.1${PATH}`, token: TOKEN, encodingAESKey: AES_KEY })
const key = decodeKey(AES_KEY)

let serial = 0

/** A new message of the next user. */
export function textMessage(content: string): Payload {
  return client.text(content, { userId: `user-${serial++ % USER_COUNT}`, msgId: `message-${serial}` })
}

/** A new message of a person, in a group or alone with the bot. */
export function messageOf(userId: string, content: string, chatId?: string): Payload {
  return client.text(content, { userId, msgId: `message-of-${userId}-${serial++}`, ...chatId && { chatId } })
}

/** A poll for the reply to a message. */
export function pollMessage(streamId: string, { from, chatid }: Payload): Payload {
  return client.stream(streamId, { userId: from?.userid, ...chatid && { chatId: chatid } })
}

/**
 * Encodes a callback as the bytes of an HTTP request.
 * @param token signs the request
 */
export function encodeRequest(payload: Payload, token = TOKEN): Buffer {
  const encrypted = client.encrypt(JSON.stringify(payload))
  const { url } = client.sign(encrypted, { token })
  const body = JSON.stringify({ encrypt: encrypted })
  return Buffer.from([
    `POST ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n'))
}

/** Decrypts the body of a reply. */
export function decryptReply(body: Buffer): string {
  return decrypt(key, JSON.parse(body.toString()).encrypt).message
}

/** The stream of a reply. @throws if the reply has none */
export function replyStream(body: Buffer): NonNullable<Reply['stream']> {
  const { stream } = JSON.parse(decryptReply(body)) as Reply
  if (!stream) throw new Error('the reply has no stream')
  return stream
}
