import type { Clock } from '../clock'
import type { DingtalkApiError } from './api-error'
import { countLimit, missingScope, qpsLimit } from './api-error'

/** The permission each API requires. */
const REQUIRED_SCOPES: Record<string, string> = {
  createAndDeliver: 'Card.Instance.Write',
  streaming: 'Card.Streaming.Write',
  batchSend: 'qyapi_robot_sendmsg',
  groupSend: 'qyapi_robot_sendmsg',
  updateCard: 'Card.Instance.Write',
}

export interface RateLimits {
  /** Maximum calls per second and API. */
  qps: number
  /** Maximum calls per month. */
  monthly: number
}

/**
 * Counts and limits calls as DingTalk does. Every call is billed, rejected ones included, except those beyond the limit
 * per second. Access tokens and Stream connections are free; reactions, uploads and downloads are not on the list of
 * calls outside the quota.
 * @see https://open.dingtalk.com/document/orgapp/call-frequency-limit
 * @see https://open.dingtalk.com/document/development/basic-interfaces-such-as-log-off-and-address-book
 */
export class RateMeter {
  /** Billed calls. */
  count = 0
  /** Messages by webhook and over the Stream connection, in both directions. */
  messages = 0
  /** Permissions that the app lacks. */
  readonly missing = new Set<string>()
  private readonly recent = new Map<string, number[]>()

  constructor(private readonly clock: Clock, readonly options: RateLimits) {}

  /** Bills a call. @returns the error, if the call is not allowed */
  charge(api: string): DingtalkApiError | undefined {
    const now = this.clock.now()
    const recent = (this.recent.get(api) ?? []).filter(at => now - at < 1000)
    this.recent.set(api, recent)
    if (recent.length >= this.options.qps) return qpsLimit()
    recent.push(now)
    if (this.count >= this.options.monthly) return countLimit()
    this.count++
    return this.refuse(api)
  }

  /** @returns the error, if the app lacks the permission */
  refuse(api: string): DingtalkApiError | undefined {
    if (this.missing.has(REQUIRED_SCOPES[api])) return missingScope(REQUIRED_SCOPES[api])
  }
}
