import type { Clock } from 'common/time'
import type { DingtalkError, DingtalkErrorCode } from './error'
import { MonthlyQuota } from './monthly-quota'
import { RateLimiter } from './rate-limiter'

const MINUTE_MS = 60_000

/** How long no cards are made after an error. Codes that are not listed cause no pause. */
const CARD_PAUSE_MS: Partial<Record<DingtalkErrorCode, number>> = {
  'dingtalk/permission-denied': 30 * MINUTE_MS,
  'dingtalk/quota-exhausted': 60 * MINUTE_MS,
  'dingtalk/address-blocked': 5 * MINUTE_MS,
  'dingtalk/request-refused': 5 * MINUTE_MS,
  'dingtalk/connection-failed': 2 * MINUTE_MS,
  'dingtalk/unreachable': 2 * MINUTE_MS,
}

/** What the operator can do. */
const hints: Partial<Record<DingtalkErrorCode, string>> = {
  'dingtalk/permission-denied': 'give it to the app in the developer console and publish a new version',
  'dingtalk/quota-exhausted': 'the calls of this month are used up: buy more, or wait for the next month',
  'dingtalk/address-blocked':
    'see whether the app has a list of allowed addresses; a ban for too many calls ends after five minutes',
  'dingtalk/connection-failed': 'check the network',
  'dingtalk/unreachable': 'check the network',
}

export interface AppOptions {
  clock: Clock
  /** API calls per month; 0 is unlimited. */
  monthlyCalls: number
  /** Messages by webhook and over the Stream connection per month; 0 is unlimited, the default. */
  monthlyMessages?: number
  /** Called whenever the count of calls has changed. */
  quotaChanged?(quota: MonthlyQuota): void
  /** Called whenever the count of messages has changed. */
  messagesChanged?(quota: MonthlyQuota): void
  /** Waits until all instances together may make one more call. @returns `undefined` if nothing is shared */
  sharedSlot?(): Promise<void> | undefined
  warn(text: string): void
}

/** State shared by all bots and chats of one app: its rate, its quota, and whether its cards work. */
export class App {
  readonly rateLimiter: RateLimiter
  /** API calls. */
  readonly quota: MonthlyQuota
  /** Messages by webhook and over the Stream connection, in both directions. */
  readonly messages: MonthlyQuota
  private pausedUntil = 0
  /** What the operator was told already, as `<api> <code>`. */
  private readonly reported = new Set<string>()

  /** @param id the app key, which is the bot's id as well */
  constructor(readonly id: string, private readonly options: AppOptions) {
    const { clock, monthlyCalls, monthlyMessages = 0, quotaChanged, messagesChanged, sharedSlot, warn } = options
    this.rateLimiter = new RateLimiter(clock, undefined, undefined, sharedSlot)
    this.quota = new MonthlyQuota({
      clock,
      limit: monthlyCalls,
      changed: quotaChanged,
      warn(used, limit) {
        const share = Math.round(used / limit * 100)
        warn(`DingTalk: ${used} of ${limit} calls of this month are used (${share} %); from 90 % on every answer is one message`)
      },
    })
    this.messages = new MonthlyQuota({
      clock,
      limit: monthlyMessages,
      changed: messagesChanged,
      warn(used, limit) {
        const share = Math.round(used / limit * 100)
        warn(`DingTalk: ${used} of ${limit} webhook and Stream messages of this month are used (${share} %); from 90 % on `
          + 'answers are API calls')
      },
    })
  }

  /** Whether cards can be made: there is enough quota, and none was refused a short while ago. */
  get takesCards() {
    return !this.quota.isShort && this.options.clock.monotonic() >= this.pausedUntil
  }

  /**
   * Reports an error once per API, until that API works again, and pauses cards where the API is theirs.
   * @param wasRetried whether the call was repeated: a frame of a card that is lost does not tell much
   */
  refused(api: string, { code, message, scope, isTransient }: DingtalkError, isCard: boolean, wasRetried = true) {
    const pause = CARD_PAUSE_MS[code]
    if (!pause || (isTransient && !(isCard && wasRetried))) return
    if (isCard) this.pausedUntil = this.options.clock.monotonic() + pause
    if (this.reported.has(`${api} ${code}`)) return
    this.reported.add(`${api} ${code}`)
    const reason = scope ? `the permission ${scope} is missing` : message
    const what = isTransient ? `${api} fails` : `DingTalk refuses ${api}`
    const effect = isCard && `answers are plain messages for ${pause / MINUTE_MS} minutes`
    this.options.warn([`${what}: ${reason}`, hints[code], effect].filter(Boolean).join('; '))
  }

  accepted(api: string) {
    for (const entry of this.reported) {
      if (entry.startsWith(`${api} `)) this.reported.delete(entry)
    }
  }
}
