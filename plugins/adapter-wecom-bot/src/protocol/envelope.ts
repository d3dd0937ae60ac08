/**
 * The encrypted envelope around callbacks and replies, as JSON (intelligent bots, group robots) and as XML
 * (self-built apps, group robots).
 * @see https://developer.work.weixin.qq.com/document/path/101033
 * @see https://developer.work.weixin.qq.com/document/path/90968
 */

import type { Credential } from './crypto'
import { encryptAndSign } from './crypto'
import { CallbackError } from './callback-error'
import { buildXml, parseXml } from './xml'

/**
 * Extracts the ciphertext from a JSON body. The content type is ignored: WeCom's differs between accounts.
 * @throws {CallbackError} `malformed`
 */
export function openJson(body: string): string {
  const envelope = parse(body)
  if (typeof envelope !== 'object' || envelope === null) throw new CallbackError('malformed', 'body is not a JSON object')
  const { encrypt, Encrypt } = envelope as Record<string, unknown>
  const ciphertext = encrypt ?? Encrypt
  if (typeof ciphertext !== 'string' || !ciphertext) throw new CallbackError('malformed', 'body has no "encrypt"')
  return ciphertext
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new CallbackError('malformed', 'body is not JSON')
  }
}

/**
 * Extracts the ciphertext from an XML body.
 * @throws {CallbackError} `malformed`
 */
export function openXml(body: string): string {
  const { encrypt } = parseXml(body, 'malformed')
  if (typeof encrypt !== 'string' || !encrypt) throw new CallbackError('malformed', 'body has no <Encrypt>')
  return encrypt
}

/**
 * Encrypts and signs a reply as JSON.
 * @param nonce of the callback that is answered
 * @param seconds current Unix time
 * @param random as for `encrypt`
 */
export function sealJson(
  credential: Credential,
  reply: string,
  nonce: string,
  seconds: number,
  random?: Buffer<ArrayBuffer>,
): string {
  const { ciphertext, signature: msgsignature } = encryptAndSign(credential, reply, nonce, seconds, random)
  // Base64 needs no escaping; letting JSON.stringify scan it would take as long as signing.
  const tail = JSON.stringify({ msgsignature, timestamp: seconds, nonce }).slice(1)
  return `{"encrypt":"${ciphertext}",${tail}`
}

/** Encrypts and signs a reply as XML. Parameters as for JSON. */
export function sealXml(
  credential: Credential,
  reply: string,
  nonce: string,
  seconds: number,
  random?: Buffer<ArrayBuffer>,
): string {
  const { ciphertext, signature } = encryptAndSign(credential, reply, nonce, seconds, random)
  return buildXml({ Encrypt: ciphertext, MsgSignature: signature, TimeStamp: seconds, Nonce: nonce })
}
