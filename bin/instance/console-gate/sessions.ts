import { createHash, randomBytes } from 'node:crypto'

/** Lifetime of a login. */
export const SESSION_LIFE_MS = 7 * 24 * 3_600_000

/** Maximum number of logins; a new one removes the oldest. */
const MAX_SESSIONS = 100

/** A login as it is saved. */
interface SavedSession {
  /** Milliseconds since 1970. */
  expiresAt: number
  /** `Origin` header of the login request; empty if it had none. */
  origin: string
}

interface Session extends SavedSession {
  /** When it ends by the monotonic clock: where the machine's clock is set back, a login still lasts a week at most. */
  endsAt: number
}

/** A valid login. */
export interface ValidSession {
  key: string
  origin: string
  /** Milliseconds until it ends. */
  remainingMs: number
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
    /** Milliseconds since an arbitrary moment, never stepped. */
    private readonly monotonic: () => number = () => performance.now(),
  ) {
    for (const [key, { expiresAt, origin }] of parse(saved)) {
      // The clock may have been set back since it was saved.
      const remainingMs = Math.min(expiresAt - now(), SESSION_LIFE_MS)
      if (remainingMs <= 0) continue
      this.sessions.set(key, { expiresAt: now() + remainingMs, endsAt: monotonic() + remainingMs, origin })
    }
  }

  /** @returns the token for the cookie, 256 random bits that are not stored */
  create(origin = ''): string {
    this.prune()
    for (const key of this.sessions.keys()) {
      if (this.sessions.size < MAX_SESSIONS) break
      this.sessions.delete(key)
    }
    const token = randomBytes(32).toString('base64url')
    this.sessions.set(keyOf(token), {
      expiresAt: this.now() + SESSION_LIFE_MS, endsAt: this.monotonic() + SESSION_LIFE_MS, origin,
    })
    this.changed()
    return token
  }

  find(token: string | undefined): ValidSession | undefined {
    if (!token) return
    const key = keyOf(token)
    const session = this.sessions.get(key)
    const remainingMs = session ? this.remainingMs(session) : 0
    if (session && remainingMs > 0) return { key, origin: session.origin, remainingMs }
  }

  /** Ends a login. */
  revoke(key: string) {
    if (this.sessions.delete(key)) this.changed()
  }

  private remainingMs({ expiresAt, endsAt }: Session): number {
    return Math.min(expiresAt - this.now(), endsAt - this.monotonic())
  }

  private prune() {
    for (const [key, session] of this.sessions) {
      if (this.remainingMs(session) <= 0) this.sessions.delete(key)
    }
  }

  private changed() {
    this.save(JSON.stringify([...this.sessions].map(([key, session]): [string, SavedSession] => {
      return [key, { expiresAt: this.now() + this.remainingMs(session), origin: session.origin }]
    })))
  }
}

function parse(saved: string | undefined): [string, SavedSession][] {
  try {
    return saved ? JSON.parse(saved) : []
  } catch {
    return []
  }
}
