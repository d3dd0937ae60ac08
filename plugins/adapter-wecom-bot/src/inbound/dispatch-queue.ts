import type { Clock } from 'common/time'

/** Turns of the event loop without a new message after which a burst counts as received. */
const QUIET_TURNS = 2
/** Most turns of the event loop between two tasks while messages keep arriving. */
const MAX_PAUSE_TURNS = 20

/**
 * Hands messages to Koishi, one at a time. Koishi's chain takes many milliseconds of CPU per message, and Node.js
 * accepts one connection per turn of the event loop: in a burst, messages are received and replied to first, and
 * dispatched when no more are arriving.
 */
export class DispatchQueue {
  private readonly tasks: (() => void)[] = []
  private isBusy = false
  private quietTurns = 0
  /** Turns of the event loop since the last task. */
  private turns = 0
  private startedAt = 0
  /** What the last task took, with what followed from it in the same turn of the event loop. Milliseconds. */
  private taskMs = 0

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  /** How long a task that is added now will probably wait. Milliseconds. */
  get delayMs(): number {
    return this.tasks.length * this.taskMs
  }

  /** A message has arrived, whose task will be added later. */
  noteArrival() {
    this.quietTurns = 0
  }

  /**
   * Runs a task: before this method returns if none has run in the last turns of the event loop.
   * @param task must not throw
   */
  add(task: () => void) {
    this.noteArrival()
    if (this.isBusy) this.tasks.push(task)
    else this.start(task)
  }

  private start(task: () => void) {
    this.isBusy = true
    this.startedAt = this.clock.monotonic()
    this.turns = 0
    this.quietTurns = 0
    setImmediate(this.continue)
    task()
  }

  private readonly continue = () => {
    if (!this.turns++) this.taskMs = this.clock.monotonic() - this.startedAt
    const isQuiet = this.quietTurns++ >= QUIET_TURNS
    if (!isQuiet && this.turns < MAX_PAUSE_TURNS) return void setImmediate(this.continue)
    const next = this.tasks.shift()
    if (next) this.start(next)
    else if (isQuiet) this.isBusy = false
    else setImmediate(this.continue)
  }
}
