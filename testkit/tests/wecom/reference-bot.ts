import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Payload } from '../../src'
import { decodeKey, decrypt, encrypt, sign } from '../../src'
import { listen } from '../../src/listen'

export const credentials = {
  token: 'AibotTestToken01',
  encodingAESKey: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8',
}

type Responder = (payload: Payload, response: ServerResponse) => unknown

/**
 * A minimal bot that follows the protocol.
 * @param respond returns the reply, or nothing for an empty one; can also respond to the request itself
 */
export async function createBot(respond: Responder, { receiveId = '', statusFor = (_reason: string): number => 403 } = {}) {
  const key = decodeKey(credentials.encodingAESKey)
  const payloads: Payload[] = []
  const requests: { url: URL, headers: IncomingMessage['headers'], body: string }[] = []

  async function handle(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url!, 'http://localhost')
    const body = await text(request)
    requests.push({ url, headers: request.headers, body })
    const { msg_signature, timestamp = '', nonce = '', echostr } = Object.fromEntries(url.searchParams)
    const encrypted = echostr ?? JSON.parse(body).encrypt
    const deny = (reason: string) => response.writeHead(statusFor(reason)).end('rejected')
    if (sign(credentials.token, timestamp, nonce, encrypted) !== msg_signature) return deny('token')
    let opened
    try {
      opened = decrypt(key, encrypted)
    } catch {
      return deny('key')
    }
    if (opened.receiveId !== receiveId) return deny('receive-id')
    if (echostr) return response.end(opened.message)
    const payload = JSON.parse(opened.message)
    payloads.push(payload)
    const reply = await respond(payload, response)
    if (response.headersSent || response.destroyed) return
    if (!reply) return response.end()
    const encryptedReply = encrypt(key, JSON.stringify(reply), receiveId)
    response.end(JSON.stringify({
      encrypt: encryptedReply,
      msgsignature: sign(credentials.token, timestamp, nonce, encryptedReply),
      timestamp: +timestamp,
      nonce,
    }))
  }

  const { port, close } = await listen(createServer(handle))
  return { url: `http://127.0.0.1:${port}/callback`, payloads, requests, close }
}

/** A stream reply. */
export function stream(content: string, finish = false, rest: object = {}, id = 'STREAM') {
  return { msgtype: 'stream', stream: { id, finish, content, ...rest } }
}
