import type { Clock } from 'common/time'

/**
 * Hands messages to Koishi, one per turn of the event loop. Koishi's chain takes milliseconds of CPU per message: in a
 * burst, the replies that are ready leave between two messages instead of after the last one.
 */
export class DispatchQueue {
  private readonly tasks: (() => void)[] = []
  private isBusy = false
  /** Duration of the last turn of the event loop in which a task ran. Milliseconds. */
  private turnMs = 0

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  /** How long a task that is added now will probably wait. Milliseconds. */
  get delayMs(): number {
    return this.tasks.length * this.turnMs
  }

  /**
   * Runs a task: before this method returns if none is waiting and none has run in this turn of the event loop.
   * @param task must not throw
   */
  add(task: () => void) {
    if (this.isBusy) this.tasks.push(task)
    else this.start(task)
  }

  private start(task: () => void) {
    this.isBusy = true
    const startedAt = this.clock.monotonic()
    setImmediate(() => {
      this.turnMs = this.clock.monotonic() - startedAt
      const next = this.tasks.shift()
      if (next) this.start(next)
      else this.isBusy = false
    })
    task()
  }
}
