import { ExpiringMap } from 'common/collections'
import type { Clock } from 'common/time'

/** A message that comes this soon after an answer was probably not written by a person who read it. */
const REPLY_MS = 1500

/** After this long without a message, a conversation is answered again. */
const REST_MS = 60_000

const CAPACITY = 10_000

interface Exchange {
  /** When the last answer was delivered, by the monotonic clock; missing while one is written. */
  answeredAt?: number
  /** Messages in a row that came at once after an answer. */
  replies: number
}

/**
 * Stops two bots that answer each other in a group. Platforms do not always mark bots, but bots answer faster than
 * people read.
 */
export class PingPongBrake {
  private readonly exchanges: ExpiringMap<Exchange>

  /** @param limit immediate replies in a row that are answered; 0 is no limit */
  constructor(private readonly clock: Pick<Clock, 'monotonic'>, private readonly limit: number) {
    this.exchanges = new ExpiringMap({ monotonic: () => clock.monotonic() }, REST_MS, CAPACITY)
  }

  /**
   * Counts a message.
   * @param key of the sender in a place
   * @returns `stop` for the first message beyond the limit, `silent` for those that follow without a minute's rest
   */
  receive(key: string): 'answer' | 'stop' | 'silent' {
    if (!this.limit) return 'answer'
    const { answeredAt, replies } = this.exchanges.get(key) ?? { replies: 0 }
    const isImmediate = answeredAt !== undefined && this.clock.monotonic() - answeredAt < REPLY_MS
    const isStopped = replies > this.limit
    const count = isStopped ? replies : isImmediate ? replies + 1 : 0
    this.exchanges.set(key, { replies: count })
    if (isStopped) return 'silent'
    return count > this.limit ? 'stop' : 'answer'
  }

  /** Notes that a message has been answered. */
  answered(key: string) {
    const exchange = this.exchanges.peek(key)
    if (exchange) this.exchanges.set(key, { ...exchange, answeredAt: this.clock.monotonic() })
  }
}
