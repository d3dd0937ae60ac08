import type { Lease, SharedState } from 'common/shared-state'

/** Longer than an instance under load does nothing. */
const LEASE_TTL_MS = 15_000

/** When the lease of an instance that has died is over for sure. */
export const LEASES_EXPIRE_MS = LEASE_TTL_MS + 1000

/** Which instance writes a card. Without shared state every card is this instance's. */
export class SharedCards {
  private readonly leases = new Map<string, Lease>()

  /** @param state `undefined` as long as nothing is shared */
  constructor(private readonly state: () => SharedState | undefined) {}

  /** Tells the other instances that this one writes the card. */
  async hold(outTrackId: string): Promise<void> {
    await this.acquire(outTrackId)
  }

  /**
   * Takes a card that was left open, in order to close it.
   * @returns `false` if another instance writes it, or if that cannot be known at present
   */
  async takeOver(outTrackId: string): Promise<boolean> {
    const state = this.state()
    if (!state) return true
    // Without the server every instance gets every lease.
    if (await this.acquire(outTrackId) && !state.isDegraded) return true
    await this.release(outTrackId)
    return false
  }

  async release(outTrackId: string): Promise<void> {
    const lease = this.leases.get(outTrackId)
    this.leases.delete(outTrackId)
    await lease?.release()
  }

  private async acquire(outTrackId: string): Promise<boolean> {
    const lease = await this.state()?.acquire(`dingtalk/card/${outTrackId}`, LEASE_TTL_MS)
    if (lease) this.leases.set(outTrackId, lease)
    return !!lease
  }
}
