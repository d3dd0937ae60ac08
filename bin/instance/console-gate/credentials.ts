import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const salt = randomBytes(32)

/** Compares in constant time, independent of both values and their lengths. */
export function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHmac('sha256', salt).update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

/** The random token of a one-time login link. */
export class OneTimeToken {
  private token?: string

  /** @returns a new token, which replaces the previous one */
  renew(): string {
    return this.token = randomBytes(24).toString('base64url')
  }

  get isUsed(): boolean {
    return this.token === undefined
  }

  /** Invalidates the token if it is correct. @returns whether it is */
  use(given: string): boolean {
    if (this.token === undefined || !isSame(given, this.token)) return false
    this.token = undefined
    return true
  }
}
