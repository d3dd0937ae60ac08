import type { Lease, SharedState } from 'common/shared-state'

/** Longer than an instance under load does nothing. */
const LEASE_TTL_MS = 15_000

/** When the lease of an instance that has died is over for sure. */
export const LEASES_EXPIRE_MS = LEASE_TTL_MS + 1000

/** Which instance writes a card, or answers a message. Without shared state that is always this one. */
export class SharedLeases {
  private readonly leases = new Map<string, Lease>()

  /**
   * @param state `undefined` as long as nothing is shared
   * @param subject what is held
   */
  constructor(private readonly state: () => SharedState | undefined, private readonly subject: 'card' | 'message') {}

  /** Tells the other instances that this one writes the card, or answers the message. */
  async hold(id: string): Promise<void> {
    await this.acquire(id)
  }

  /**
   * Takes what an instance has left, in order to end it.
   * @returns `false` if another instance holds it, or if that cannot be known at present
   */
  async takeOver(id: string): Promise<boolean> {
    const state = this.state()
    if (!state) return true
    // Without the server every instance gets every lease.
    if (await this.acquire(id) && !state.isDegraded) return true
    await this.release(id)
    return false
  }

  async release(id: string): Promise<void> {
    const lease = this.leases.get(id)
    this.leases.delete(id)
    await lease?.release()
  }

  private async acquire(id: string): Promise<boolean> {
    const lease = await this.state()?.acquire(`dingtalk/${this.subject}/${id}`, LEASE_TTL_MS)
    if (lease) this.leases.set(id, lease)
    return !!lease
  }
}
