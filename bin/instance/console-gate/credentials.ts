import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const salt = randomBytes(32)

/** Compares in a time that depends on neither value nor length. */
export function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHmac('sha256', salt).update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

/** The random token of a link that logs in once. */
export class OneTimeToken {
  private token?: string

  /** @returns a new token; the one before is no longer valid */
  renew(): string {
    return this.token = randomBytes(24).toString('base64url')
  }

  get isUsed(): boolean {
    return this.token === undefined
  }

  /** Uses the token up if it is the right one. */
  use(given: string): boolean {
    if (this.token === undefined || !isSame(given, this.token)) return false
    this.token = undefined
    return true
  }
}
