import type { Clock } from 'common/time'
import type { Stores } from '../storage/stores'
import { SharedCardStore } from './shared-card-store'
import { SharedDeferredStore } from './shared-deferred-store'
import { SharedFeedbackStore } from './shared-feedback-store'
import { SharedGroupStore } from './shared-group-store'
import { SharedStreamStore } from './shared-stream-store'
import type { SharedTurns } from './shared-turns'

/** The stores of a bot, with what all instances have to see. */
export function shareStores(stores: Stores, botId: string, turns: SharedTurns, clock: Pick<Clock, 'now'>): Stores {
  const state = () => turns.state
  return {
    ...stores,
    deferred: new SharedDeferredStore(botId, state, stores.deferred, clock),
    streams: new SharedStreamStore(turns, stores.streams),
    cards: new SharedCardStore(botId, state, stores.cards),
    feedback: new SharedFeedbackStore(botId, state, stores.feedback),
    groups: new SharedGroupStore(state, stores.groups),
  }
}
