/**
 * WeCom's cipher, written from the documentation independently of the plugin's implementation.
 * @see https://developer.work.weixin.qq.com/document/path/101033
 */

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

/** `code` is the one that WeCom's libraries return for the same failure. */
export class CipherError extends Error {
  constructor(readonly code: -40001 | -40004 | -40005 | -40007 | -40008, message: string) {
    super(`${message} (${code})`)
    this.name = 'CipherError'
  }
}

/** Signs a message: the SHA-1 of the sorted strings, in hex. */
export function sign(token: string, timestamp: string, nonce: string, encrypted: string) {
  return createHash('sha1').update([token, timestamp, nonce, encrypted].sort().join('')).digest('hex')
}

/**
 * Decodes the 43 characters of the console into the 32 bytes of the key.
 * @throws {CipherError} -40004 if they are not 43 characters of base64
 */
export function decodeKey(encodingAESKey: string) {
  if (!/^[A-Za-z0-9+/]{43}$/.test(encodingAESKey)) {
    throw new CipherError(-40004, 'EncodingAESKey 应为 43 位字母和数字 / the EncodingAESKey must be 43 letters and digits')
  }
  return Buffer.from(encodingAESKey, 'base64')
}

/** Encrypts a file as WeCom does: AES-256-CBC, padded to a multiple of 32 bytes. */
export function encryptMedia(key: Uint8Array, bytes: Uint8Array) {
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  const size = 32 - bytes.length % 32
  return Buffer.concat([cipher.update(bytes), cipher.update(Buffer.alloc(size, size)), cipher.final()])
}

/** @throws {CipherError} -40007 if the key is wrong or the bytes are damaged */
export function decryptMedia(key: Uint8Array, bytes: Uint8Array) {
  if (!bytes.length || bytes.length % 16) throw new CipherError(-40007, 'the ciphertext has an invalid length')
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  const plain = Buffer.concat([decipher.update(bytes), decipher.final()])
  const size = plain[plain.length - 1]
  if (size < 1 || size > 32 || size > plain.length || plain.subarray(-size).some(byte => byte !== size)) {
    throw new CipherError(-40007, 'the padding is invalid: wrong key or damaged bytes')
  }
  return plain.subarray(0, -size)
}

/** Encrypts a message for the envelope. @returns base64 */
export function encrypt(key: Uint8Array, message: string, receiveId = '', random: Uint8Array = randomBytes(16)) {
  const bytes = Buffer.from(message)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return encryptMedia(key, Buffer.concat([random, length, bytes, Buffer.from(receiveId)])).toString('base64')
}

/** @throws {CipherError} -40007 if decryption fails, -40008 if the message length is invalid */
export function decrypt(key: Uint8Array, encrypted: string) {
  const plain = decryptMedia(key, Buffer.from(encrypted, 'base64'))
  const end = plain.length < 20 ? Infinity : 20 + plain.readUInt32BE(16)
  if (end > plain.length) throw new CipherError(-40008, 'the message length is invalid')
  return { message: plain.subarray(20, end).toString(), receiveId: plain.subarray(end).toString() }
}
