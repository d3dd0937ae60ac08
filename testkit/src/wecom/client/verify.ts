import { randomBytes, randomInt } from 'node:crypto'
import type { VerificationClient } from './callback'
import type { VerificationFailure } from './diagnosis'
import { ECHO_TIMEOUT_MS, diagnoseEcho, diagnoseRejection, tooSlow, unreachable } from './diagnosis'
import { SendError } from './http'

export type VerificationResult =
  /** `elapsed` in milliseconds. */
  | { ok: true, elapsed: number }
  | VerificationFailure

/**
 * Checks a callback URL as the admin console does when the settings are saved.
 * @see https://developer.work.weixin.qq.com/document/path/101033
 */
export async function verify(client: VerificationClient): Promise<VerificationResult> {
  const now = () => client.now()
  const echo = `${randomInt(1e8, 1e9)}${randomInt(1e9, 1e10)}`
  const encrypted = client.encrypt(echo)
  const began = now()
  try {
    const response = await client.requestEcho(encrypted)
    const elapsed = now() - began
    const failure = diagnoseEcho(response, echo, encrypted)
    if (failure === 'rejected') {
      const forged = await client.requestEcho(encrypted, randomBytes(20).toString('hex'))
      const garbage = await client.requestEcho(randomBytes(64).toString('base64'))
      return diagnoseRejection(response, forged, garbage, Date.parse(response.headers.date ?? '') - now() || 0)
    }
    return failure ?? (elapsed > ECHO_TIMEOUT_MS ? tooSlow(elapsed) : { ok: true, elapsed })
  } catch (error) {
    if (!(error instanceof SendError)) throw error
    return error.code === 'timeout' ? tooSlow(now() - began) : unreachable(error.cause as NodeJS.ErrnoException)
  }
}
