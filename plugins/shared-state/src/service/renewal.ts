import type { Clock } from 'common/time'

/** Whether the server answers, as far as holders need to know. */
export interface Outages {
  /** Number of times that the server stopped answering. */
  readonly epoch: number
  /** It does not answer at present. */
  readonly isOpen: boolean
}

/** No epoch of a server: it has not been told. */
const NEVER = -1

/** When something that expires was renewed last. */
export class Renewal {
  private renewedAt: number
  private epoch: number

  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly outages: Outages,
    private readonly ttlMs: number,
  ) {
    this.renewedAt = clock.monotonic()
    // What begins during an outage, the server does not know.
    this.epoch = outages.isOpen ? NEVER : outages.epoch
  }

  /** The server stopped answering since it was last asked: it may have lost what it knew. */
  get hadOutage() {
    return this.outages.epoch !== this.epoch
  }

  /** It began while the server was away, which has not heard of it. */
  get isUntold() {
    return this.epoch === NEVER
  }

  /**
   * It was not renewed in time, because the process was stopped or very busy. Others may have gone on, and only the
   * server can tell.
   */
  get isOverdue() {
    return this.clock.monotonic() - this.renewedAt > this.ttlMs
  }

  /** Before a renewal. @returns a function that notes its success */
  begin(): () => void {
    const since = this.clock.monotonic()
    const { epoch, isOpen } = this.outages
    return () => {
      this.renewedAt = since
      // What this process has noted by itself, the server does not know.
      if (!isOpen && !this.outages.isOpen) this.epoch = epoch
    }
  }
}
