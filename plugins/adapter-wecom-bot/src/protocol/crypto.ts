import { createCipheriv, createDecipheriv, createHash, hash, randomFillSync, timingSafeEqual } from 'node:crypto'
import { isUtf8 } from 'node:buffer'
import { CallbackError } from './callback-error'

/** The secrets that sign and encrypt the callbacks of one bot. */
export interface Credential {
  token: string
  /** 32 bytes. The first half is also the initialization vector. */
  key: Buffer
  /** Expected receive id. Empty for an intelligent bot of the enterprise itself. */
  receiveId: string
  /** Valid for callbacks of self-built apps only. */
  isApp?: boolean
}

/** Messages are padded to a multiple of 32 bytes, not of the cipher's own 16. */
const PADDING_BLOCK_BYTES = 32
/** 16 random bytes and the message length as a 32-bit big-endian integer. */
const HEADER_BYTES = 20

/** An EncodingAESKey is the base64 of 32 bytes without its `=`. WeCom's console only takes letters and digits. */
export const KEY_PATTERN = /^[A-Za-z0-9+/]{43}$/

/**
 * Decodes an EncodingAESKey into the 32-byte AES key.
 * @throws {TypeError} if it is not 43 characters of base64
 * @see https://developer.work.weixin.qq.com/document/path/90968
 */
export function decodeKey(encodingAESKey: string): Buffer {
  if (!KEY_PATTERN.test(encodingAESKey)) {
    throw new TypeError('EncodingAESKey must be 43 letters and digits, '
      + (encodingAESKey.length === 43
        ? `but character ${encodingAESKey.search(/[^A-Za-z0-9+/]/) + 1} is neither`
        : `got ${encodingAESKey.length} characters`))
  }
  return Buffer.from(encodingAESKey + '=', 'base64')
}

/**
 * The signature of a callback or a reply: 40 lower-case hex digits.
 * @see https://developer.work.weixin.qq.com/document/path/90968
 */
export function sign(token: string, timestamp: string, nonce: string, encrypt: string): string {
  return sha1([token, timestamp, nonce, encrypt].sort().join(''))
}

/** Checks a signature in constant time, so that the duration does not tell how much of a forged one is right. */
export function verify(token: string, timestamp: string, nonce: string, encrypt: string, signature: string): boolean {
  if (!/^[0-9a-f]{40}$/i.test(signature)) return false
  return timingSafeEqual(Buffer.from(sign(token, timestamp, nonce, encrypt)), Buffer.from(signature.toLowerCase()))
}

/** `crypto.hash`, from Node 20.12 on, takes half the time of `createHash`. */
const sha1 = hash
  ? (text: string) => hash('sha1', text)
  : (text: string) => createHash('sha1').update(text).digest('hex')

/** 16 random bytes. They are drawn in blocks of 4096: a call to the system takes as long for 16 as for thousands. */
export const randomSalt = createSalt(Buffer.alloc(4096))

function createSalt(pool: Buffer) {
  let used = pool.length
  return () => {
    if (used === pool.length) {
      randomFillSync(pool)
      used = 0
    }
    return pool.subarray(used, used += 16)
  }
}

/**
 * Encrypts a message for WeCom.
 * @param random 16 bytes in front of the message; give them only for a reproducible result
 * @returns base64
 * @see https://developer.work.weixin.qq.com/document/path/90968
 */
export function encrypt({ key, receiveId }: Credential, message: string, random = randomSalt()): string {
  const size = Buffer.byteLength(message)
  const tail = Buffer.byteLength(receiveId)
  const used = HEADER_BYTES + size + tail
  const pad = PADDING_BLOCK_BYTES - used % PADDING_BLOCK_BYTES
  const plain = Buffer.allocUnsafe(used + pad).fill(pad, used)
  random.copy(plain, 0, 0, 16)
  plain.writeUInt32BE(size, 16)
  plain.write(message, HEADER_BYTES)
  plain.write(receiveId, HEADER_BYTES + size)
  // The input is whole blocks, so `final` would return nothing.
  return createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false).update(plain).toString('base64')
}

/** A decrypted message with the receiver it was encrypted for. */
export interface Opened {
  message: string
  receiveId: string
}

/**
 * Decrypts a message from WeCom. Its receiver is checked.
 * @throws {CallbackError} `decrypt` as `open`; `receive-id` if it is for another receiver
 */
export function decrypt(credential: Credential, ciphertext: string): string {
  const { message, receiveId } = open(credential, ciphertext)
  if (receiveId !== credential.receiveId) throw new CallbackError('receive-id')
  return message
}

/**
 * Decrypts a message from WeCom. Base64, padding (1–32, all bytes equal), length and UTF-8 are checked, the receiver is
 * not.
 * @throws {CallbackError} `decrypt` if this key did not encrypt it
 * @see https://developer.work.weixin.qq.com/document/path/90968
 */
export function open({ key }: Pick<Credential, 'key'>, ciphertext: string): Opened {
  const data = Buffer.from(ciphertext, 'base64')
  // The decoder skips characters that are not base64.
  if (data.toString('base64') !== ciphertext) throw new CallbackError('decrypt', 'not base64')
  const plain = unpad(decipher(key, data))
  if (plain.length < HEADER_BYTES) throw new CallbackError('decrypt', 'too short')
  const end = HEADER_BYTES + plain.readUInt32BE(16)
  if (end > plain.length) throw new CallbackError('decrypt', 'length beyond the end')
  if (!isUtf8(plain.subarray(HEADER_BYTES))) throw new CallbackError('decrypt', 'not UTF-8')
  return { message: plain.toString('utf8', HEADER_BYTES, end), receiveId: plain.toString('utf8', end) }
}

/** Node's own padding check allows 1–16 only and would reject half of all messages, so it is off. */
function decipher(key: Buffer, data: Buffer) {
  if (!data.length || data.length % 16) throw new CallbackError('decrypt', 'not whole blocks')
  return createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false).update(data)
}

function unpad(data: Buffer) {
  const pad = data[data.length - 1]
  if (pad < 1 || pad > PADDING_BLOCK_BYTES || pad > data.length) throw new CallbackError('decrypt', 'bad padding')
  const end = data.length - pad
  for (let index = end; index < data.length; index++) {
    if (data[index] !== pad) throw new CallbackError('decrypt', 'bad padding')
  }
  return data.subarray(0, end)
}

/**
 * Decodes the key of a media link: 64 hex digits, or base64 or base64url with or without padding.
 * @throws {CallbackError} `decrypt` if it is not 32 bytes
 */
export function decodeMediaKey(aesKey: string): Buffer {
  const key = /^[0-9a-f]{64}$/i.test(aesKey) ? Buffer.from(aesKey, 'hex') : Buffer.from(aesKey, 'base64')
  if (key.length !== 32) throw new CallbackError('decrypt', 'media key is not 32 bytes')
  return key
}

/**
 * Decrypts a downloaded image, file or video. Cipher and padding are those of messages; there is no header.
 * @throws {CallbackError} `decrypt`
 * @see https://developer.work.weixin.qq.com/document/path/100719
 */
export function decryptMedia(key: Buffer, data: Buffer): Buffer {
  return unpad(decipher(key, data))
}
