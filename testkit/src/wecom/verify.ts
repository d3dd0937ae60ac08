import { randomBytes, randomInt } from 'node:crypto'
import type { WecomClient } from './client'
import type { Failure } from './diagnosis'
import { blame, judge, limit, slow, unreachable } from './diagnosis'
import type { Sent } from './http'
import { SendError, send } from './http'

export type Verdict =
  /** `elapsed` in milliseconds. */
  | { ok: true, elapsed: number }
  | Failure

/** A request for the echo of this ciphertext. */
function probe(client: WecomClient, encrypted: string, signature?: string): Promise<Sent> {
  const { url } = client.sign(encrypted, { signature, query: { echostr: encrypted } })
  return send(url, { method: 'GET', timeout: client.options.timeout ?? 5000, agent: client.options.agent })
}

/**
 * Checks a callback URL as the console does when the settings are saved.
 * @see https://developer.work.weixin.qq.com/document/path/101033
 */
export async function verify(client: WecomClient): Promise<Verdict> {
  const now = () => client.now()
  const echo = `${randomInt(1e8, 1e9)}${randomInt(1e9, 1e10)}`
  const encrypted = client.encrypt(echo)
  const began = now()
  try {
    const sent = await probe(client, encrypted)
    const elapsed = now() - began
    const failure = judge(sent, echo, encrypted)
    if (failure === 'refused') {
      const forged = await probe(client, encrypted, randomBytes(20).toString('hex'))
      const garbage = await probe(client, randomBytes(64).toString('base64'))
      return blame(sent, forged, garbage, Date.parse(sent.headers.date ?? '') - now() || 0)
    }
    return failure ?? (elapsed > limit ? slow(elapsed) : { ok: true, elapsed })
  } catch (error) {
    if (!(error instanceof SendError)) throw error
    return error.code === 'timeout' ? slow(now() - began) : unreachable(error.cause as NodeJS.ErrnoException)
  }
}
