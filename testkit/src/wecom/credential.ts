import { randomInt } from 'node:crypto'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

function pick(from: string, length: number) {
  return Array.from({ length }, () => from[randomInt(from.length)]).join('')
}

/** A Token for the console: 32 letters and digits. */
export function createToken() {
  return pick(letters, 32)
}

/**
 * An EncodingAESKey for the console: 43 letters and digits, the base64 of 32 bytes. 43 characters hold two more bits
 * than 32 bytes; the last character leaves them zero because strict decoders reject anything else.
 */
export function createEncodingAESKey() {
  return pick(letters, 42) + pick('AEIMQUYcgkosw048', 1)
}
