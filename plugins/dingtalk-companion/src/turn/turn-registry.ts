import type { Clock } from 'common/time'
import { Turn } from './turn'
import type { TurnOptions } from './turn'

/** Koishi does not end a chain with its event where it cannot store the user or the channel. */
const END_GRACE_MS = 5000

/** The turns that go on, by the id of the session that began them: a session is another object in every event. */
export class TurnRegistry {
  private readonly turns = new Map<number, Turn>()
  private readonly timers = new Map<number, unknown>()

  constructor(private readonly clock: Clock) {}

  open(sessionId: number, options?: TurnOptions): Turn {
    const turn = new Turn(options)
    this.turns.set(sessionId, turn)
    return turn
  }

  get(sessionId: number | undefined): Turn | undefined {
    return sessionId === undefined ? undefined : this.turns.get(sessionId)
  }

  /** The last middleware has returned; what it returned may still have to be sent. */
  returned(sessionId: number) {
    if (!this.turns.has(sessionId)) return
    this.timers.set(sessionId, this.clock.setTimeout(() => void this.end(sessionId), END_GRACE_MS))
  }

  /** The chain is over. */
  async end(sessionId: number) {
    const turn = this.turns.get(sessionId)
    this.clock.clearTimeout(this.timers.get(sessionId))
    this.timers.delete(sessionId)
    this.turns.delete(sessionId)
    await turn?.end()
  }

  /** Ends all turns, because their ends can no longer be noticed. */
  async endAll() {
    await Promise.all([...this.turns.keys()].map(sessionId => this.end(sessionId)))
  }
}
