/**
 * The encrypted envelope around callbacks and replies, as JSON (intelligent bots, group robots) and as XML
 * (self-built apps, group robots).
 * @see https://developer.work.weixin.qq.com/document/path/101033
 * @see https://developer.work.weixin.qq.com/document/path/90968
 */

import type { Credential } from './crypto'
import { sign } from './crypto'
import { CallbackError } from './callback-error'
import { findMember } from './json-scan'
import { buildXml, parseXml } from './xml'

/** Longest ciphertext, in characters of base64. A callback has a few thousand. */
const MAX_CIPHERTEXT_LENGTH = 256 * 1024

/** Most tags and CDATA sections of an XML envelope. WeCom's have about ten. */
const MAX_ENVELOPE_TAGS = 64

/**
 * Extracts the ciphertext from a JSON body, which anyone may have sent. The body is scanned once and not parsed:
 * parsing 1 MiB of brackets takes a hundred times as long. The content type is ignored: WeCom's differs between
 * accounts.
 * @throws {CallbackError} `malformed`
 */
export function openJson(body: string): string {
  const ciphertext = findMember(body, ['encrypt', 'Encrypt'], MAX_CIPHERTEXT_LENGTH)
  if (!ciphertext) throw new CallbackError('malformed', 'body has no "encrypt"')
  return ciphertext
}

/**
 * Extracts the ciphertext from an XML body.
 * @throws {CallbackError} `malformed`
 */
export function openXml(body: string): string {
  // Anyone may have sent it: refuse what is dear to parse. Ids and base64 need no entities.
  if (body.includes('&')) throw new CallbackError('malformed', 'envelope with an entity')
  for (let count = 0, at = body.indexOf('<'); at >= 0; at = body.indexOf('<', at + 1)) {
    if (++count > MAX_ENVELOPE_TAGS) throw new CallbackError('malformed', 'envelope with too many elements')
  }
  const { encrypt } = parseXml(body, 'malformed')
  if (typeof encrypt !== 'string' || !encrypt) throw new CallbackError('malformed', 'body has no <Encrypt>')
  return encrypt
}

/**
 * Signs an encrypted reply, as JSON.
 * @param ciphertext from `encrypt`
 * @param nonce of the callback that is answered
 * @param seconds current Unix time
 */
export function sealJson({ token }: Credential, ciphertext: string, nonce: string, seconds: number): string {
  const msgsignature = sign(token, String(seconds), nonce, ciphertext)
  // Base64 needs no escaping; letting JSON.stringify scan it would take as long as signing.
  const tail = JSON.stringify({ msgsignature, timestamp: seconds, nonce }).slice(1)
  return `{"encrypt":"${ciphertext}",${tail}`
}

/** Signs an encrypted reply, as XML. Parameters as for `sealJson`. */
export function sealXml({ token }: Credential, ciphertext: string, nonce: string, seconds: number): string {
  const signature = sign(token, String(seconds), nonce, ciphertext)
  return buildXml({ Encrypt: ciphertext, MsgSignature: signature, TimeStamp: seconds, Nonce: nonce })
}
