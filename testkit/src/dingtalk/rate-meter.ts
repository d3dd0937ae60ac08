import type { Clock } from '../clock'
import type { DingtalkApiError } from './api-error'
import { countLimit, missingScope, qpsLimit } from './api-error'

/** The permission an API asks for. */
const REQUIRED_SCOPES: Record<string, string> = {
  createAndDeliver: 'Card.Instance.Write',
  streaming: 'Card.Streaming.Write',
  batchSend: 'qyapi_robot_sendmsg',
  groupSend: 'qyapi_robot_sendmsg',
}

export interface RateLimits {
  /** Calls per second, per API. */
  qps: number
  /** Calls per month. */
  monthly: number
}

/**
 * Counts calls as DingTalk bills them: each costs one, refused or not, but for those that came too fast. Tokens and
 * connections are free.
 * @see https://open.dingtalk.com/document/orgapp/call-frequency-limit
 */
export class RateMeter {
  /** Billed calls. */
  count = 0
  /** The permissions the app lacks. */
  readonly missing = new Set<string>()
  private readonly recent = new Map<string, number[]>()

  constructor(private readonly clock: Clock, readonly options: RateLimits) {}

  /** @returns why the call may not be, if it may not */
  charge(api: string): DingtalkApiError | undefined {
    const now = this.clock.now()
    const recent = (this.recent.get(api) ?? []).filter(at => now - at < 1000)
    this.recent.set(api, recent)
    if (recent.length >= this.options.qps) return qpsLimit()
    recent.push(now)
    if (this.count >= this.options.monthly) return countLimit()
    this.count++
    if (this.missing.has(REQUIRED_SCOPES[api])) return missingScope(REQUIRED_SCOPES[api])
  }
}
