import type { Payload, Reply } from 'testkit'
import { WecomClient, decodeKey, decrypt } from 'testkit'
import { AES_KEY, PATH, TOKEN } from '../servers/settings'

/** More people than ever talk at once, so that nobody talks too much. */
export const PEOPLE = 500

const client = new WecomClient({ url: `http://127.0.0.1${PATH}`, token: TOKEN, encodingAESKey: AES_KEY })
const key = decodeKey(AES_KEY)

let serial = 0

/** A new message of the next person. */
export function message(content: string): Payload {
  return client.text(content, { userId: `user-${serial++ % PEOPLE}`, msgId: `message-${serial}` })
}

/** The question how the answer to a message stands. */
export function poll(id: string, { from }: Payload): Payload {
  return client.stream(id, { userId: from?.userid })
}

/**
 * A callback as the bytes that go over the wire.
 * @param token what it is signed with
 */
export function callback(payload: Payload, token = TOKEN): Buffer {
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

/** What is encrypted in a reply. */
export function plaintext(body: Buffer): string {
  return decrypt(key, JSON.parse(body.toString()).encrypt).message
}

/** The bubble a reply shows. */
export function bubble(body: Buffer): NonNullable<Reply['stream']> {
  const { stream } = JSON.parse(plaintext(body)) as Reply
  if (!stream) throw new Error('the reply shows no bubble')
  return stream
}
