import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { LoginAttempts } from './attempts'
import { isSame, OneTimeToken } from './credentials'
import { confirmPage, linkPage, logoutPage, passwordPage } from './pages'
import type { LoginProblem } from './pages'
import { SESSION_LIFE_MS } from './sessions'
import type { ConsoleSessions, ValidSession } from './sessions'

const COOKIE = 'koishi_console'
/** Maximum size of a login form. */
const MAX_BODY_BYTES = 4096
const BODY_TIMEOUT_MS = 10_000

const headers = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    + "frame-ancestors 'none'; base-uri 'none'",
}

export interface GateOptions {
  /** Without a password, the login uses one-time links. */
  password?: string
  sessions: ConsoleSessions
  /** Paths of the console's pages and its socket, e.g. `/console` and `/console/status`. Read for every request. */
  paths(): { uiPath: string, apiPath: string }
  /** Whether another plugin has a route for a request. A console at `/` must not hide the callbacks of bots. */
  isRouted(method: string, path: string): boolean
  /** Logs the path of a new one-time link. */
  announce(path: string): void
  warn(message: string): void
}

/**
 * Protects everything under the console's paths, including files and the socket: a request passes only with the cookie
 * of a login, whatever its address and other headers.
 */
export class ConsoleGate {
  private readonly attempts = new LoginAttempts()
  private readonly oneTime = new OneTimeToken()
  private readonly sockets = new Map<Duplex, string>()

  constructor(private readonly options: GateOptions) {}

  /** Logs a one-time link if no password is set. */
  start() {
    if (!this.options.password) this.announce()
  }

  /**
   * Whether a request is for the console. Like Koishi's router, which matches `/console(.*)`, this is case-insensitive
   * and matches any path with that prefix.
   */
  covers(method: string, path: string): boolean {
    const { uiPath, apiPath } = this.options.paths()
    const lower = path.toLowerCase()
    if (lower.startsWith(apiPath.toLowerCase())) return true
    return this.base ? lower.startsWith(uiPath.toLowerCase()) : !this.options.isRouted(method, path)
  }

  /** Responds to a request for the console, or calls `next` if it is logged in. */
  async handle(request: IncomingMessage, response: ServerResponse, path: string, next: () => void): Promise<void> {
    response.setHeader('x-frame-options', 'DENY')
    response.setHeader('x-content-type-options', 'nosniff')
    response.setHeader('referrer-policy', 'same-origin')
    // The console would resolve `..` against its folder and leave it.
    if (/(^|[/\\])\.\.([/\\]|$)/.test(decode(path))) return send(response, 404, 'text/plain', 'Not found\n')
    const session = this.sessionOf(request)
    const name = path.slice(this.base.length).toLowerCase().replace(/\/$/, '')
    if (name === '/login') return this.login(request, response)
    if (name === '/logout') return this.logout(request, response, session)
    if (session) return next()
    if (request.method === 'GET' && request.headers.accept?.includes('text/html')) {
      return redirect(response, `${this.base}/login`)
    }
    send(response, 401, 'text/plain', '请先登录。\nPlease log in first.\n')
  }

  /** Calls `next` for a WebSocket upgrade that is logged in, and closes the socket when the login expires. */
  upgrade(request: IncomingMessage, socket: Duplex, next: () => void) {
    const session = this.sessionOf(request)
    // Another origin of the same site would also send the cookie.
    if (!session || (request.headers.origin ?? '') !== session.origin) {
      socket.on('error', () => {})
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    this.sockets.set(socket, session.key)
    const expiry = setTimeout(() => socket.destroy(), session.remainingMs)
    expiry.unref()
    socket.once('close', () => {
      clearTimeout(expiry)
      this.sockets.delete(socket)
    })
    next()
  }

  private get base(): string {
    return this.options.paths().uiPath.replace(/\/$/, '')
  }

  private announce() {
    this.options.announce(`${this.base}/login?token=${this.oneTime.renew()}`)
  }

  private sessionOf({ headers: { cookie = '' } }: IncomingMessage): ValidSession | undefined {
    for (const pair of cookie.split(';')) {
      const [name, value] = pair.trim().split('=', 2)
      if (name === COOKIE) return this.options.sessions.find(value)
    }
  }

  private async login(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      const token = new URLSearchParams(request.url!.split('?', 2)[1]).get('token')
      if (this.options.password) return this.show(response, 200)
      // Only the operator can read the log, and always finds a valid link there.
      if (!token && this.oneTime.isUsed) this.announce()
      if (!token || !/^[\w-]{1,64}$/.test(token)) return this.show(response, 200)
      return send(response, 200, 'text/html', confirmPage(`${this.base}/login`, token))
    }
    const { remoteAddress = '' } = request.socket
    const form = await readForm(request)
    if (!form) return send(response, 400, 'text/plain', 'Bad request\n')
    if (this.options.password === undefined) {
      if (!this.oneTime.use(form.get('token') ?? '')) return this.show(response, 403, 'used')
    } else {
      const wait = await this.attempts.take(remoteAddress)
      if (wait) {
        response.setHeader('retry-after', wait)
        this.options.warn(`too many failed logins, the latest from ${remoteAddress}: logins are blocked for ${wait} s`)
        return this.show(response, 429, 'limited')
      }
      if (!isSame(form.get('password') ?? '', this.options.password)) return this.show(response, 403, 'wrong')
      await this.attempts.succeeded(remoteAddress)
    }
    const origin = request.headers.origin ?? ''
    response.setHeader('set-cookie', this.cookie(this.options.sessions.create(origin), origin, SESSION_LIFE_MS / 1000))
    redirect(response, `${this.base}/`)
  }

  private logout(request: IncomingMessage, response: ServerResponse, session?: ValidSession) {
    if (!session) return redirect(response, `${this.base}/login`)
    if (request.method !== 'POST') return send(response, 200, 'text/html', logoutPage(`${this.base}/logout`))
    this.options.sessions.revoke(session.key)
    for (const [socket, key] of this.sockets) {
      if (key === session.key) socket.destroy()
    }
    response.setHeader('set-cookie', this.cookie('', session.origin, 0))
    redirect(response, `${this.base}/login`)
  }

  private show(response: ServerResponse, status: number, problem?: LoginProblem) {
    const { password } = this.options
    send(response, status, 'text/html', password ? passwordPage(`${this.base}/login`, problem) : linkPage(problem))
  }

  private cookie(value: string, origin: string, seconds: number): string {
    const { uiPath, apiPath } = this.options.paths()
    const path = apiPath.startsWith(uiPath) ? this.base || '/' : '/'
    const secure = origin.startsWith('https:') ? '; Secure' : ''
    return `${COOKIE}=${value}; Path=${path}; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`
  }
}

function send(response: ServerResponse, status: number, type: string, body: string) {
  // The body of the request may not have been read.
  response.writeHead(status, { ...headers, 'content-type': `${type}; charset=utf-8`, connection: 'close' })
  response.end(body)
}

function redirect(response: ServerResponse, location: string) {
  response.writeHead(303, { ...headers, location, 'content-length': 0 })
  response.end()
}

/** @returns `undefined` for a body that is too large, too slow or incomplete; a response can still be sent */
function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const done = (form?: URLSearchParams) => {
      clearTimeout(timer)
      request.pause()
      resolve(form)
    }
    const timer = setTimeout(done, BODY_TIMEOUT_MS)
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_BODY_BYTES) done()
      else chunks.push(chunk)
    })
    request.once('end', () => done(new URLSearchParams(Buffer.concat(chunks).toString())))
    request.once('close', () => done())
    request.once('error', () => done())
  })
}

/** @returns `..` for a path that cannot be decoded, so that it is rejected as well */
function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return '..'
  }
}
