import { localDay, localTime } from '../util/local-time'
import { sumCounts } from './usage-store'
import type { UsageCounts, UsageStore, UsageRow } from './usage-store'
import type { SharedRates } from '../instances/shared-rates'
import type { SharedTokens } from '../instances/shared-tokens'
import { ExpiringMap } from 'common/collections'
import type { Clock } from 'common/time'
import type { Message } from '../messages/i18n'

/** In all of these, 0 is no limit. */
export interface RateLimitSettings {
  /** Messages per minute. */
  userRate: number
  channelRate: number
  /** Tokens per day. */
  userTokens: number
  channelTokens: number
}

const RATE_WINDOW_MS = 60_000

/** People and channels whose recent messages are remembered. */
const MAX_TRACKED = 10_000

/** Limits messages per minute and tokens per day, of people and of channels. */
export class RateLimits {
  /** Times of recent messages, by person or channel. */
  private readonly recent: ExpiringMap<number[]>

  constructor(
    private readonly settings: RateLimitSettings,
    private readonly usage: Pick<UsageStore, 'read'>,
    private readonly clock: Pick<Clock, 'now' | 'monotonic'>,
    /** Rates over all instances. */
    private readonly shared?: SharedRates,
    private readonly sharedTokens?: SharedTokens,
  ) {
    this.recent = new ExpiringMap(clock, RATE_WINDOW_MS, MAX_TRACKED)
  }

  /**
   * Counts a message, unless a limit is reached.
   * @param channel not given for direct chats
   * @returns the message for the user if a limit is reached
   * @throws the database's error
   */
  async admit({ user, channel }: Pick<UsageRow, 'user'> & { channel?: string }): Promise<Message | undefined> {
    const { userRate, channelRate, userTokens, channelTokens } = this.settings
    const rates = [[userRate, `user ${user}`], [channelRate, channel && `channel ${channel}`]] as const
    for (const [limit, key] of rates) {
      const waitMs = key && limit ? this.wait(key, limit) : 0
      if (waitMs) return [`limits.${key!.split(' ', 1)}-rate`, { limit, seconds: Math.ceil(waitMs / 1000) }]
    }
    // Count before the first await, so that messages that arrive meanwhile see this one.
    for (const [limit, key] of rates) {
      if (key && limit) this.recent.set(key, [...this.recent.get(key) ?? [], this.clock.monotonic()])
    }
    if (this.shared?.isActive) {
      const refusal = await this.shared.admit(rates.filter(([limit, key]) => limit && key) as [number, string][])
      if (refusal) {
        const { key, max, waitMs } = refusal
        return [`limits.${key.split(' ', 1)}-rate`, { limit: max, seconds: Math.ceil(waitMs / 1000) }]
      }
    }
    if (userTokens && await this.tokensToday({ user }) >= userTokens) {
      return this.untilMidnight('limits.user-tokens', userTokens)
    }
    if (channel && channelTokens && await this.tokensToday({ channel }) >= channelTokens) {
      return this.untilMidnight('limits.channel-tokens', channelTokens)
    }
  }

  /** Counts the tokens of an answer for the other instances, if there is a limit. */
  spend({ user, channel }: Pick<UsageRow, 'user' | 'channel'>, { prompt, answer }: UsageCounts) {
    const { userTokens, channelTokens } = this.settings
    if (userTokens) void this.sharedTokens?.add(tokensKey({ user }), prompt + answer)
    if (channelTokens) void this.sharedTokens?.add(tokensKey({ channel }), prompt + answer)
  }

  /** Milliseconds until one more message is allowed. */
  private wait(key: string, limit: number): number {
    const start = this.clock.monotonic() - RATE_WINDOW_MS
    const times = this.recent.get(key)?.filter(time => time > start) ?? []
    if (times.length) this.recent.set(key, times)
    else this.recent.delete(key)
    return times.length < limit ? 0 : times[times.length - limit] - start
  }

  private async tokensToday(who: { user?: string, channel?: string }): Promise<number> {
    const [counts, overAll = 0] = await Promise.all([
      this.usage.read({ ...who, since: localDay(this.clock.now()) }),
      this.sharedTokens?.read(tokensKey(who)),
    ])
    const { prompt, answer } = sumCounts(counts)
    // Instances may share one database, or each have its own; what was counted before they shared anything is there.
    return Math.max(prompt + answer, overAll)
  }

  private untilMidnight(path: string, limit: number): Message {
    const midnight = new Date(this.clock.now())
    midnight.setHours(24, 0, 0, 0)
    return [path, { limit, time: localTime(midnight.getTime()) }]
  }
}

function tokensKey({ user, channel }: { user?: string, channel?: string }) {
  return channel === undefined ? `user ${user}` : `channel ${channel}`
}
