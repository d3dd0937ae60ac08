import type { Credential } from './crypto'
import { protect } from './crypto'
import { Refusal } from './callback-error'

/**
 * Takes the ciphertext out of a callback's body. Its content type is not looked at: WeCom's differs between accounts.
 * @throws {Refusal} `malformed`
 * @see https://developer.work.weixin.qq.com/document/path/101033
 */
export function open(body: string): string {
  const envelope = parse(body)
  if (typeof envelope !== 'object' || envelope === null) throw new Refusal('malformed', 'body is not a JSON object')
  const { encrypt, Encrypt } = envelope as Record<string, unknown>
  const ciphertext = encrypt ?? Encrypt
  if (typeof ciphertext !== 'string' || !ciphertext) throw new Refusal('malformed', 'body has no "encrypt"')
  return ciphertext
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new Refusal('malformed', 'body is not JSON')
  }
}

/**
 * Encrypts and signs a reply.
 * @param nonce that of the callback it answers
 * @param seconds current time in seconds
 * @see https://developer.work.weixin.qq.com/document/path/101033
 */
export function seal(
  credential: Credential,
  reply: string,
  nonce: string,
  seconds: number,
  random?: Buffer<ArrayBuffer>,
): string {
  const { ciphertext, signature: msgsignature } = protect(credential, reply, nonce, seconds, random)
  // Base64 and hex have nothing to escape, and to look for it would take as long as to sign.
  const tail = JSON.stringify({ msgsignature, timestamp: seconds, nonce }).slice(1)
  return `{"encrypt":"${ciphertext}",${tail}`
}
