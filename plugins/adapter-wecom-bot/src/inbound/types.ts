import type { Event, Message, Payload, Surface } from '../protocol/payload'
import type { Reply } from '../protocol/reply'
import type { SharedLimits } from '../instances/shared-limits'
import type { Stores } from '../storage/stores'
import type { Notices } from '../turn/notices'
import type { ClickResult, StreamCards } from '../turn/stream-cards'
import type { TurnController } from '../turn/turn-controller'
import type { TurnRegistry } from '../turn/turn-registry'
import type { Admission } from './admission'

/** The HTTP response to a callback. */
export interface Outcome {
  /** Plaintext of the reply. Without it the body is empty, which WeCom accepts as "no reply". */
  reply?: Reply
  /** The message was turned away: a repetition of the callback is handled as if it were new. */
  isDeclined?: boolean
  /** Another instance has to take it: the response has status 503, at which a proxy tries the next one. */
  isPassedOn?: boolean
  /** Called when the response is complete. @param isDelivered `false` if the connection broke before */
  responded?(isDelivered: boolean): void
}

/** Handles the verified callbacks of one kind of source. */
export interface CallbackHandler {
  /**
   * @param isReplayed a callback with the same signature was received before
   * @throws {CallbackError} `foreign-bot`; `replay` for a repetition whose turn is not known any more
   */
  accept(payload: Payload, isReplayed: boolean): Outcome | Promise<Outcome>
}

/**
 * `unreadable`: there is nothing in the message that a plugin could read; `closed`: Koishi is starting or stopping;
 * `failed`: Koishi did not take it, and the reason is in the log.
 */
export type DispatchResult = 'taken' | 'unreadable' | 'closed' | 'failed'

/** Hands callbacks to Koishi. No method waits for plugins, and none throws. */
export interface Dispatcher {
  dispatch(message: Message, turn: TurnController): DispatchResult
  notify(event: Event): void
  click(event: Event, click: ClickResult, turn: TurnController): void
  /**
   * Called for every callback that is properly signed and addressed to this bot.
   * @param surface what it comes from; unknown for the verification of the URL
   */
  verified(surface?: Surface): void
}

/** What the handlers of a bot share. */
export interface HandlerContext {
  turns: TurnRegistry
  admission: Admission
  /** Limits that count over all instances. */
  sharedLimits?: SharedLimits
  cards: StreamCards
  stores: Pick<Stores, 'streams' | 'cards' | 'feedback'>
  /** Sent on the first visit of a day; empty: nothing. A text, or a template card as JSON. */
  welcome?: string
  notices: Notices
  dispatcher: Dispatcher
}
