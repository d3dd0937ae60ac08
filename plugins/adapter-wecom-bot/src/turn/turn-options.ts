import type { Clock } from '../util/clock'
import type { FallbackDelivery } from './fallback'
import type { Notices } from './bubble'
import type { Turn } from './turn'

/** Times are milliseconds. */
export interface TurnOptions {
  /** `false`: no streams, every answer goes by `response_url`. */
  streaming: boolean
  /** Whether streams may carry cards made of buttons. */
  cards: boolean
  /** What a bubble shows while nothing has been said. */
  placeholder: string
  /** From the message until its stream must be closed; WeCom itself gives up after six minutes. */
  window: number
  /** From the end of a turn until its last frame counts as never fetched. */
  unclaimed: number
  /** From the end of a turn until it is forgotten. */
  retention: number
  /** From the message until a turn that never ends is forgotten. */
  lifetime: number
}

/** What the operator should hear of a turn. */
export interface TurnLog {
  deliveryFailed(turn: Turn, error: unknown): void
  timedOut(turn: Turn): void
}

/** What the courses of all turns of a bot have in common. */
export interface TurnContext {
  policy: TurnOptions
  notices: Notices
  outlet: FallbackDelivery
  clock: Clock
  log: TurnLog
  /** The turn has ended; it may do so again, where something is said after its end. */
  ended(turn: Turn): void
  /** Nobody can ask for the turn any more. */
  forget(turn: Turn): void
}
