import type { Clock } from '../../../gemini-chat/src/util/clock'
import { Bucket } from './rate-limiter'
import { Budget } from './monthly-quota'
import type { Refusal, RefusalKind } from './error'

const MINUTE = 60_000

/** How long cards are left alone after they were refused. */
const pauses: Partial<Record<RefusalKind, number>> = {
  permission: 30 * MINUTE,
  count: 60 * MINUTE,
  banned: 5 * MINUTE,
  other: 5 * MINUTE,
}

/** What the operator can do. */
const hints: Partial<Record<RefusalKind, string>> = {
  permission: 'give it to the app in the developer console and publish a new version',
  count: 'the calls of this month are used up: buy more, or wait for the next month',
  banned: 'see whether the app has a list of allowed addresses; a ban for too many calls ends after five minutes',
}

export interface AppOptions {
  clock: Clock
  /** Calls per month. */
  monthlyCalls: number
  warn(text: string): void
}

/** What all chats of one app share: how fast it may call, how often, and whether its cards work. */
export class App {
  readonly bucket: Bucket
  readonly budget: Budget
  private pausedUntil = 0
  private readonly told = new Set<string>()

  constructor(readonly id: string, private readonly options: AppOptions) {
    const { clock, monthlyCalls, warn } = options
    this.bucket = new Bucket(clock)
    this.budget = new Budget(clock, monthlyCalls, (used, limit) => {
      const share = Math.round(used / limit * 100)
      warn(`DingTalk: ${used} of ${limit} calls of this month are used (${share} %); from 90 % on every answer is one message`)
    })
  }

  /** Whether a card is worth a try. */
  get takesCards() {
    return !this.budget.isShort && this.options.clock.now() >= this.pausedUntil
  }

  /** Something was refused for good. The operator is told once, until it works again. */
  refused(api: string, { kind, message, scope }: Refusal, isCard: boolean) {
    const pause = pauses[kind]
    if (!pause) return
    if (isCard) this.pausedUntil = this.options.clock.now() + pause
    if (this.told.has(`${api} ${kind}`)) return
    this.told.add(`${api} ${kind}`)
    const what = scope ? `the permission ${scope} is missing` : message
    const effect = isCard && `answers are plain messages for ${pause / MINUTE} minutes`
    this.options.warn(['DingTalk refuses ' + api + ': ' + what, hints[kind], effect].filter(Boolean).join('; '))
  }

  accepted(api: string) {
    for (const reason of this.told) {
      if (reason.startsWith(`${api} `)) this.told.delete(reason)
    }
  }
}
