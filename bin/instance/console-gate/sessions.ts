import { createHash, randomBytes } from 'node:crypto'

/** Lifetime of a login. */
export const SESSION_LIFE_MS = 7 * 24 * 3_600_000

/** Maximum number of logins; a new one removes the oldest. */
const MAX_SESSIONS = 100

interface Session {
  /** Milliseconds since 1970. */
  expiresAt: number
  /** `Origin` header of the login request; empty if it had none. */
  origin: string
}

/** A valid login. */
export interface ValidSession extends Session {
  key: string
}

function keyOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

/**
 * Logins to the console. Only hashes of the tokens are stored, so a leaked copy is useless.
 *
 * The launcher keeps a serialised copy, so that a restart from the console does not log the user out.
 */
export class ConsoleSessions {
  private readonly sessions = new Map<string, Session>()

  /**
   * @param now milliseconds since 1970
   * @param save called with the serialised logins after every change
   * @param saved the serialised logins of the previous worker; malformed values are ignored
   */
  constructor(
    private readonly now: () => number,
    private readonly save: (serialised: string) => void = () => {},
    saved?: string,
  ) {
    for (const [key, session] of parse(saved)) this.sessions.set(key, session)
    this.prune()
  }

  /** @returns the token for the cookie, 256 random bits that are not stored */
  create(origin = ''): string {
    this.prune()
    for (const key of this.sessions.keys()) {
      if (this.sessions.size < MAX_SESSIONS) break
      this.sessions.delete(key)
    }
    const token = randomBytes(32).toString('base64url')
    this.sessions.set(keyOf(token), { expiresAt: this.now() + SESSION_LIFE_MS, origin })
    this.changed()
    return token
  }

  find(token: string | undefined): ValidSession | undefined {
    if (!token) return
    const key = keyOf(token)
    const session = this.sessions.get(key)
    if (session && session.expiresAt > this.now()) return { key, ...session }
  }

  /** Ends a login. */
  revoke(key: string) {
    if (this.sessions.delete(key)) this.changed()
  }

  private prune() {
    for (const [key, { expiresAt }] of this.sessions) {
      if (expiresAt <= this.now()) this.sessions.delete(key)
    }
  }

  private changed() {
    this.save(JSON.stringify([...this.sessions]))
  }
}

function parse(saved: string | undefined): [string, Session][] {
  try {
    return saved ? JSON.parse(saved) : []
  } catch {
    return []
  }
}
