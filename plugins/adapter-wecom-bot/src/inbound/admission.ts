import type { Concurrency } from '../turn/concurrency'
import type { Notices } from '../turn/notices'

/** Decides whether another answer may be started. */
export class Admission {
  private closed = false

  constructor(readonly concurrency: Concurrency, readonly notices: Pick<Notices, 'busy' | 'leaving'>) {}

  /** The process is shutting down. */
  get isClosed() {
    return this.closed
  }

  /** The process is shutting down: turns everyone away from now on. */
  close() {
    this.closed = true
  }

  /** The notice for a person who is turned away; `undefined` if an answer may be started. */
  refusal(userId: string): string | undefined {
    if (this.closed) return this.notices.leaving
    if (this.concurrency.isFull(userId)) return this.notices.busy
  }
}
