import { Condition } from 'common/async'
import type { Lease, SharedState } from 'common/shared-state'
import type { Clock } from 'common/time'

/** When the holder has died, another instance connects within this time and one try more. */
const LEASE_TTL_MS = 9000
const RETRY_MS = 3000

/**
 * Who took the bot, as far as that is known: WeCom does not tell. `instance`: most likely another instance of this
 * deployment, which cannot see this one at present. `outside`: none of them. `unknown`: this process sees no others.
 */
export type Taker = 'instance' | 'outside' | 'unknown'

export interface ConnectionLeaseEvents {
  /** This instance may connect. */
  granted(): void
  /** Another instance holds the connection: this one must have none. */
  denied(): void
}

/**
 * Decides which instance has the long connection of a bot: WeCom allows one, and a second one takes the bot from the
 * first. Without shared state this instance may always connect.
 */
export class ConnectionLease {
  private state?: SharedState
  private lease?: Lease
  private isWanted = false
  private isWaiting = false
  /** Ends the tries to get the lease. */
  private search = new AbortController()
  private wasReleased = false
  private readonly progress: Condition
  private fallback: unknown

  constructor(
    private readonly botId: string,
    private readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>,
    private readonly events: ConnectionLeaseEvents,
  ) {
    this.progress = new Condition(clock)
  }

  /** Uses shared state from now on. @returns a function that ends this */
  connect(state: SharedState): () => void {
    if (!state.isShared) return () => {}
    this.clock.clearTimeout(this.fallback)
    this.state = state
    const unsubscribe = state.subscribe(this.key, () => {
      this.wasReleased = true
      this.progress.notify()
    })
    if (this.isWanted) this.begin(state)
    return () => {
      unsubscribe()
      this.state = undefined
      void this.end()
      // The service may come back at once, or all plugins may be stopping.
      if (this.isWanted) this.fallback = this.clock.setTimeout(() => this.grant(), LEASE_TTL_MS)
    }
  }

  /** The bot wants its connection. */
  start() {
    if (this.isWanted) return
    this.isWanted = true
    if (this.state) this.begin(this.state)
    else this.grant()
  }

  /** The connection is closed: another instance may connect. Resolves when the others can know. */
  async stop() {
    const { state, lease } = this
    this.isWanted = this.isWaiting = false
    this.clock.clearTimeout(this.fallback)
    const released = this.end()
    if (lease) state?.publish(this.key, 'released')
    await released
  }

  /**
   * WeCom has given the bot to another process. While the server is away that is most likely another instance, and
   * taking the bot back would go on for ever: this one waits until instances see each other again.
   */
  replaced() {
    if (!this.state?.isDegraded || this.isWaiting) return
    void this.end()
    this.deny()
    this.begin(this.state)
  }

  /** Who has most likely taken the bot, now that WeCom has given it to another process. */
  get taker(): Taker {
    if (!this.state) return 'unknown'
    // The others connect only with the lease.
    return this.lease && !this.state.isDegraded ? 'outside' : 'instance'
  }

  private begin(state: SharedState) {
    this.search.abort()
    this.search = new AbortController()
    void this.find(state, this.search.signal)
  }

  private async end() {
    const { lease } = this
    this.search.abort()
    this.progress.notify()
    this.lease = undefined
    await lease?.release()
  }

  /** Tries until this instance has the lease. */
  private async find(state: SharedState, signal: AbortSignal) {
    while (!signal.aborted) {
      this.wasReleased = false
      // After an outage, the holder may not have renewed it yet.
      const mayAsk = !(this.isWaiting && state.isRecovering)
      const lease = mayAsk ? await state.acquire(this.key, LEASE_TTL_MS) : undefined
      // While the server is away every instance gets it: one that has waited leaves the connection to its holder.
      const isUsable = lease && !signal.aborted && !(this.isWaiting && state.isDegraded)
      if (isUsable) return this.hold(state, lease)
      await lease?.release()
      if (signal.aborted) return
      this.deny()
      await this.progress.until(() => this.wasReleased || signal.aborted, RETRY_MS)
    }
  }

  private hold(state: SharedState, lease: Lease) {
    this.lease = lease
    lease.lost.addEventListener('abort', () => {
      if (this.lease !== lease) return
      this.lease = undefined
      this.deny()
      this.begin(state)
    })
    this.grant()
  }

  private grant() {
    this.isWaiting = false
    this.events.granted()
  }

  private deny() {
    if (this.isWaiting) return
    this.isWaiting = true
    this.events.denied()
  }

  private get key() {
    return `wecom-bot/${this.botId}/connection`
  }
}
