import type { TemplateCard } from '../protocol/template-card'
import type { SharedLimits } from '../instances/shared-limits'
import type { SharedTurns } from '../instances/shared-turns'
import type { StreamStore } from '../storage/streams'
import type { Clock } from 'common/time'
import type { FallbackDelivery } from './fallback'
import type { Notices } from './notices'
import type { Turn } from './turn'
import type { TurnLog } from './turn-log'

/** A turn that does not end is given up shortly before its `response_url` expires. */
export const TURN_LIFETIME_MS = 55 * 60_000

/** Times are milliseconds. */
export interface TurnOptions {
  /** `false`: no streams, every answer goes to `response_url`. */
  streaming: boolean
  /** Whether streams may carry cards made of buttons. */
  cards: boolean
  /** Content of a bubble before the first message. */
  placeholder: string
  /** From the message until its stream must be closed. WeCom gives up after six minutes. */
  window: number
  /** From the end of a turn until its last frame counts as not fetched. */
  unclaimed: number
  /** From the end of a turn until it is forgotten. */
  retention: number
  /** From the message until a turn that does not end is given up. */
  lifetime: number
}

/** What all turns of a bot share. */
export interface TurnContext {
  options: TurnOptions
  notices: Notices
  fallback: FallbackDelivery
  streams: Pick<StreamStore, 'save' | 'isLate'>
  clock: Clock
  log: TurnLog
  /** Set if other instances can be polled for the bubbles. */
  sharedTurns?: SharedTurns
  sharedLimits?: SharedLimits
  /** The card that goes with the next frame. */
  cardOf?(turn: Turn): TemplateCard | undefined
}

/** What the turns of a registry report to it. */
export interface TurnEvents {
  /** The turn has ended. Emitted again if it is reopened and ends once more. */
  ended(turn: Turn): void
  /** `isSending` or `isUnfinished` of a turn may have changed. */
  progressed(): void
  /** The turn cannot be looked up any more. */
  forgotten(turn: Turn): void
}
