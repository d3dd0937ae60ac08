import { createHash, randomBytes } from 'node:crypto'

/** How long a login lasts, in milliseconds. */
export const SESSION_LIFE_MS = 7 * 24 * 3_600_000

/** Logins kept at once. The oldest one ends when another begins. */
const MAX_SESSIONS = 100

interface Session {
  /** Milliseconds since 1970. */
  expiresAt: number
  /** `Origin` of the page that logged in; empty for a client that sends none. */
  origin: string
}

/** A login that is valid: what to compare a WebSocket's `Origin` with, and when it ends. */
export interface ValidSession extends Session {
  key: string
}

function keyOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

/**
 * Logins to the console. Only hashes of the tokens are kept, so a dump of them opens nothing.
 *
 * The launcher keeps a serialised copy, so that restarting the worker from the console does not log its user out.
 */
export class ConsoleSessions {
  private readonly sessions = new Map<string, Session>()

  /**
   * @param now milliseconds since 1970
   * @param save is given the serialised logins after every change
   * @param saved what `save` was given last by the worker before this one; anything else is ignored
   */
  constructor(
    private readonly now: () => number,
    private readonly save: (serialised: string) => void = () => {},
    saved?: string,
  ) {
    for (const [key, session] of parse(saved)) this.sessions.set(key, session)
    this.prune()
  }

  /** @returns the token for the cookie: 256 random bits, shown once and not kept */
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
