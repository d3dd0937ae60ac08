import { createCipheriv, createDecipheriv, createHash, hash, randomFillSync, timingSafeEqual } from 'node:crypto'
import { isUtf8 } from 'node:buffer'
import { CallbackError } from './callback-error'

/** What signs and encrypts the callbacks of one bot. */
export interface Credential {
  token: string
  /** 32 bytes; its first half is the initialization vector. */
  key: Buffer
  /** Expected receive id; empty for an enterprise's own intelligent bot. */
  receiveId: string
  /** Opens callbacks of self-built apps only. */
  isApp?: boolean
}

/** Padding goes to a multiple of 32, although the cipher's own block is 16. */
const BLOCK = 32
/** 16 random bytes, then the message length as a 32-bit big-endian number. */
const HEADER = 20

/**
 * Decodes an EncodingAESKey into the 32-byte AES key.
 * @throws {TypeError} unless it is 43 letters and digits
 * @see https://developer.work.weixin.qq.com/document/path/90968
 */
export function decodeKey(encodingAESKey: string): Buffer {
  if (!/^[A-Za-z0-9]{43}$/.test(encodingAESKey)) {
    throw new TypeError(`EncodingAESKey must be 43 letters and digits, got ${encodingAESKey.length} characters`)
  }
  return Buffer.from(encodingAESKey + '=', 'base64')
}

/**
 * Signs a callback or a reply: 40 lower-case hex digits.
 * @see https://developer.work.weixin.qq.com/document/path/90968
 */
export function sign(token: string, timestamp: string, nonce: string, encrypt: string): string {
  return sha1([token, timestamp, nonce, encrypt].sort().join(''))
}

/** Compares in constant time: how far a forged signature is right must not show in the time it takes. */
export function verify(token: string, timestamp: string, nonce: string, encrypt: string, signature: string): boolean {
  if (!/^[0-9a-f]{40}$/i.test(signature)) return false
  return timingSafeEqual(Buffer.from(sign(token, timestamp, nonce, encrypt)), Buffer.from(signature.toLowerCase()))
}

/** In one call from node 20.12 on, which takes half the time. */
const sha1 = hash
  ? (text: string) => hash('sha1', text)
  : (text: string) => createHash('sha1').update(text).digest('hex')

/** Sixteen random bytes. The system takes as long for these as for thousands, so thousands are fetched at a time. */
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
 * Encrypts a message (UTF-8) for the platform, as base64.
 * @param random 16 bytes in front of the message; given only where a known result is wanted
 * @see https://developer.work.weixin.qq.com/document/path/90968
 */
export function encrypt({ key, receiveId }: Credential, message: string, random = randomSalt()): string {
  const size = Buffer.byteLength(message)
  const tail = Buffer.byteLength(receiveId)
  const used = HEADER + size + tail
  const pad = BLOCK - used % BLOCK
  const plain = Buffer.allocUnsafe(used + pad).fill(pad, used)
  random.copy(plain, 0, 0, 16)
  plain.writeUInt32BE(size, 16)
  plain.write(message, HEADER)
  plain.write(receiveId, HEADER + size)
  // These are whole blocks: nothing is left for `final`.
  return createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false).update(plain).toString('base64')
}

/**
 * Encrypts a reply and signs it, for an envelope of either kind.
 * @param nonce that of the callback it answers
 * @param seconds current time in seconds
 * @param random as for `encrypt`
 */
export function encryptAndSign(
  credential: Credential,
  reply: string,
  nonce: string,
  seconds: number,
  random?: Buffer<ArrayBuffer>,
) {
  const ciphertext = encrypt(credential, reply, random)
  return { ciphertext, signature: sign(credential.token, String(seconds), nonce, ciphertext) }
}

/**
 * Decrypts a message from the platform.
 * @throws {CallbackError} `decrypt` where the text is not what this key encrypts: base64, padding (1–32, all alike),
 * length and UTF-8 are checked; `receive-id` where it is meant for somebody else
 * @see https://developer.work.weixin.qq.com/document/path/90968
 */
export function decrypt({ key, receiveId }: Credential, ciphertext: string): string {
  const data = Buffer.from(ciphertext, 'base64')
  // The decoder passes over what is no base64.
  if (data.toString('base64') !== ciphertext) throw new CallbackError('decrypt', 'not base64')
  const plain = unpad(decipher(key, data))
  if (plain.length < HEADER) throw new CallbackError('decrypt', 'too short')
  const end = HEADER + plain.readUInt32BE(16)
  if (end > plain.length) throw new CallbackError('decrypt', 'length beyond the end')
  if (!isUtf8(plain.subarray(HEADER))) throw new CallbackError('decrypt', 'not UTF-8')
  if (plain.toString('utf8', end) !== receiveId) throw new CallbackError('receive-id')
  return plain.toString('utf8', HEADER, end)
}

/** Without node's own padding check, which knows 16-byte blocks only and would refuse half of all messages. */
function decipher(key: Buffer, data: Buffer) {
  if (!data.length || data.length % 16) throw new CallbackError('decrypt', 'not whole blocks')
  return createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false).update(data)
}

function unpad(data: Buffer) {
  const pad = data[data.length - 1]
  if (pad < 1 || pad > BLOCK || pad > data.length) throw new CallbackError('decrypt', 'bad padding')
  const end = data.length - pad
  for (let index = end; index < data.length; index++) {
    if (data[index] !== pad) throw new CallbackError('decrypt', 'bad padding')
  }
  return data.subarray(0, end)
}

/**
 * Decodes the key that comes beside a media URL: 64 hex digits, or base64 in any of its spellings.
 * @throws {CallbackError} `decrypt` unless it is 32 bytes
 */
export function decodeMediaKey(aesKey: string): Buffer {
  const key = /^[0-9a-f]{64}$/i.test(aesKey) ? Buffer.from(aesKey, 'hex') : Buffer.from(aesKey, 'base64')
  if (key.length !== 32) throw new CallbackError('decrypt', 'media key is not 32 bytes')
  return key
}

/**
 * Decrypts a downloaded image, file or video: the same cipher and padding, without header and receive id.
 * @throws {CallbackError} `decrypt`
 * @see https://developer.work.weixin.qq.com/document/path/100719
 */
export function decryptMedia(key: Buffer, data: Buffer): Buffer {
  return unpad(decipher(key, data))
}
