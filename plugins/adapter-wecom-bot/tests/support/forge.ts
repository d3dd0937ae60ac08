import { createCipheriv, randomBytes } from 'node:crypto'
import { decodeKey } from 'testkit'
import { encodingAESKey } from './world'

const key = decodeKey(encodingAESKey)

/** Encrypts whole blocks without adding padding. */
export function encryptBlocks(plain: Buffer): string {
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  return Buffer.concat([cipher.update(plain), cipher.final()]).toString('base64')
}

export interface Flaws {
  /** Message length in the header. */
  length?: number
  /** The receive id. */
  tail?: string
  /** Creates the padding of the given length. */
  pad?: (count: number) => Buffer
  block?: number
}

/** Encrypts a message with the right key, but malformed in one place. */
export function flawed(message: string | Buffer, { length, tail = '', pad, block = 32 }: Flaws = {}): string {
  const body = Buffer.from(message as string)
  const size = Buffer.alloc(4)
  size.writeUInt32BE(length ?? body.length)
  const plain = Buffer.concat([randomBytes(16), size, body, Buffer.from(tail)])
  const count = block - plain.length % block
  return encryptBlocks(Buffer.concat([plain, pad ? pad(count) : Buffer.alloc(count, count)]))
}
