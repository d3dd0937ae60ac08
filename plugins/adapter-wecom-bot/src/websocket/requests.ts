import type { Clock } from 'common/time'
import type { Acknowledgement } from './frame'
import { RequestLane } from './request-lane'
import { unsent } from './refusal'

/** Lanes whose acknowledgement never comes are forgotten after this long. */
const FORGET_AFTER_MS = 10 * 60_000

/** The frames that wait for their acknowledgement on one connection, by `req_id`. */
export class Requests {
  private readonly lanes = new Map<string, { lane: RequestLane, usedAt: number }>()
  private sweptAt: number
  private isClosed = false

  constructor(private readonly clock: Clock, private readonly write: (text: string) => void) {
    this.sweptAt = clock.monotonic()
  }

  /** Number of `req_id`s with a frame or an acknowledgement that is still waited for. */
  get size() {
    return this.lanes.size
  }

  /**
   * Sends a frame when those before it with the same `req_id` are done.
   * @returns the body of the acknowledgement
   * @throws {WecomApiError}
   */
  async send(requestId: string, text: string): Promise<Record<string, unknown>> {
    if (this.isClosed) throw unsent('the connection broke')
    this.sweep()
    let entry = this.lanes.get(requestId)
    if (!entry) {
      entry = { lane: new RequestLane(this.clock, this.write), usedAt: 0 }
      this.lanes.set(requestId, entry)
    }
    entry.usedAt = this.clock.monotonic()
    try {
      return await entry.lane.send(text)
    } finally {
      this.forget(requestId, entry.lane)
    }
  }

  /** Acknowledgements of unknown frames are ignored. */
  acknowledged(acknowledgement: Acknowledgement) {
    const { requestId } = acknowledgement
    const entry = this.lanes.get(requestId)
    if (!entry) return
    entry.lane.acknowledged(acknowledgement)
    this.forget(requestId, entry.lane)
  }

  /** The connection is gone. */
  close() {
    this.isClosed = true
    for (const { lane } of this.lanes.values()) lane.close()
    this.lanes.clear()
  }

  private forget(requestId: string, lane: RequestLane) {
    if (lane.isSettled && this.lanes.get(requestId)?.lane === lane) this.lanes.delete(requestId)
  }

  private sweep() {
    const now = this.clock.monotonic()
    if (now - this.sweptAt < FORGET_AFTER_MS) return
    this.sweptAt = now
    for (const [requestId, { lane, usedAt }] of this.lanes) {
      if (lane.isIdle && now - usedAt >= FORGET_AFTER_MS) this.lanes.delete(requestId)
    }
  }
}
