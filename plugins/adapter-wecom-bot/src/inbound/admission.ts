import type { Concurrency } from '../turn/concurrency'
import type { Notices } from '../turn/notices'

/** Decides whether another answer may be started. */
export class Admission {
  private closed = false

  /** @param hasOthers whether this instance sees others, which answer messages of the same bot */
  constructor(
    readonly concurrency: Concurrency,
    readonly notices: Pick<Notices, 'busy' | 'leaving'>,
    private readonly hasOthers: () => boolean = () => false,
  ) {}

  /** The process is shutting down. */
  get isClosed() {
    return this.closed
  }

  /** The process is shutting down, and another instance can answer in its place. */
  get isLeftToOthers() {
    return this.closed && this.hasOthers()
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
