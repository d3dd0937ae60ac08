import type { Logger } from 'koishi'
import type { Turn } from './turn'

/** Events of a turn that the operator should know of. */
export interface TurnLog {
  /** Part of an answer was not delivered. */
  deliveryFailed(turn: Turn, error: unknown): void
  /** The turn did not end within its lifetime. */
  timedOut(turn: Turn): void
}

/** @param lifetime milliseconds after which a turn is given up */
export function createTurnLog(logger: Logger, lifetime: number): TurnLog {
  return {
    deliveryFailed({ msgId }, error) {
      logger.warn('message %s: %s', msgId, error instanceof Error ? error.message : error)
    },
    timedOut({ msgId }) {
      logger.warn('message %s: no reply finished within %d minutes, giving up', msgId, lifetime / 60_000)
    },
  }
}
