import { withTimeout } from 'common/async'
import type { Clock } from 'common/time'
import type { HTTP } from 'koishi'
import { DingtalkError, toDingtalkError } from '../api/error'
import { withFreshToken } from '../api/fresh-token'
import type { StockBot } from '../api/stock-bot'

const REFRESH_TIMEOUT_MS = 15_000
/** A token is replaced this long before it expires. */
const REFRESH_MARGIN_MS = 10_000
const MIN_REFRESH_INTERVAL_MS = 1000
const MAX_REFRESH_INTERVAL_MS = 86_400_000
const FIRST_RETRY_MS = 5000
const MAX_RETRY_MS = 60_000

interface TokenBot extends Omit<StockBot, 'http'> {
  http: HTTP
  oldHttp: HTTP
  config: StockBot['config'] & { api?: HTTP.Config }
}

interface TokenResponse {
  accessToken: string
  /** Seconds. */
  expireIn: number
}

export interface AccessTokenOptions {
  clock: Clock
  warn(text: string): void
}

/**
 * Refreshes the access token of one bot in place of the stock adapter. The adapter derives its HTTP client from the one
 * before, so that each refresh makes every call dearer until the fifth fails with a full stack; it starts a further
 * chain of timers each time, and ends the chain when one refresh fails. A call whose token is refused in spite of that,
 * because it was revoked, is repeated with a new one.
 * @see https://open.dingtalk.com/document/orgapp/obtain-the-access_token-of-an-internal-app
 */
export class AccessToken {
  private refreshing?: Promise<void>
  private failures = 0
  private timer: unknown
  private isDisposed = false
  private readonly bot: TokenBot
  /** The clients as they are without the repetition of calls. */
  private http: HTTP
  private readonly oldHttp: HTTP

  constructor(bot: StockBot, private readonly options: AccessTokenOptions) {
    this.bot = bot as unknown as TokenBot
    this.http = this.bot.http
    this.oldHttp = this.bot.oldHttp
  }

  /** Replaces the adapter's method. @returns restores it */
  install(): () => void {
    const { bot } = this
    clearTimeout(bot.refreshTokenTimer)
    this.wrapHttp()
    bot.oldHttp = withFreshToken(this.oldHttp, this.source(() => this.oldHttp))
    Object.defineProperty(bot, 'refreshToken', { configurable: true, value: () => this.refresh() })
    return () => {
      this.isDisposed = true
      this.clearTimer()
      bot.http = this.http
      bot.oldHttp = this.oldHttp
      Reflect.deleteProperty(bot, 'refreshToken')
      // The adapter goes on from here by itself.
      if (bot.isActive && bot.token) void this.handOver()
    }
  }

  /**
   * Gets a new token; calls at the same time share it.
   * @throws {DingtalkError}
   */
  refresh(): Promise<void> {
    return this.refreshing ??= this.request().finally(() => this.refreshing = undefined)
  }

  /**
   * Gets a new token for a call that comes after `install` was undone, as when a card is closed.
   * @returns `undefined` as long as calls whose token is refused are repeated anyway
   * @throws {DingtalkError}
   */
  renewAfterwards(): Promise<void> | undefined {
    if (!this.isDisposed) return
    // The companion may have been loaded again. The adapter's own method would start a chain of timers.
    return Object.hasOwn(this.bot, 'refreshToken') ? this.bot.refreshToken() : this.refresh()
  }

  /** Lets the adapter start its own timer. */
  private async handOver() {
    const { bot } = this
    await bot.refreshToken().catch(() => {})
    // The adapter clears its timer only when it stops, which it may have done in the meantime.
    if (!bot.isActive) clearTimeout(bot.refreshTokenTimer)
  }

  private async request() {
    const { bot } = this
    const { config: { api, appkey: appKey, secret: appSecret } } = bot
    this.clearTimer()
    const request = bot.internal.getAccessToken({ appKey, appSecret }) as Promise<TokenResponse>
    const { accessToken, expireIn } = await withTimeout(request, REFRESH_TIMEOUT_MS, this.options.clock, () => {
      throw new DingtalkError('dingtalk/connection-failed', 'DingTalk does not answer a request for an access token')
    }).catch((error) => { throw toDingtalkError(error) })
    bot.token = accessToken
    this.http = bot.ctx.http.extend({ headers: { 'x-acs-dingtalk-access-token': accessToken } }).extend(api)
    if (this.isDisposed) bot.http = this.http
    else this.wrapHttp()
    this.failures = 0
    const lifeMs = expireIn * 1000 - REFRESH_MARGIN_MS
    this.schedule(Math.min(Math.max(lifeMs, MIN_REFRESH_INTERVAL_MS), MAX_REFRESH_INTERVAL_MS))
  }

  private wrapHttp() {
    this.bot.http = withFreshToken(this.http, this.source(() => this.http))
  }

  private source(http: () => HTTP) {
    const { bot } = this
    return {
      get token() {
        return bot.token
      },
      http,
      refresh: () => this.refresh(),
    }
  }

  private schedule(delayMs: number) {
    this.clearTimer()
    if (this.isDisposed) return
    this.timer = this.options.clock.setTimeout(() => void this.renew(), delayMs)
  }

  private clearTimer() {
    this.options.clock.clearTimeout(this.timer)
    this.timer = undefined
  }

  private async renew() {
    // A bot that was stopped gets its token when it is started again.
    if (this.isDisposed || !this.bot.isActive) return
    try {
      await this.refresh()
    } catch (error) {
      const delayMs = Math.min(FIRST_RETRY_MS * 2 ** this.failures, MAX_RETRY_MS)
      if (!this.failures++) {
        this.options.warn(`DingTalk: could not refresh the access token: ${(error as Error).message}; trying again`)
      }
      this.schedule(delayMs)
    }
  }
}
