import type { Clock } from 'common/time'
import type { CardStore } from './cards'
import { MemoryCardStore } from './cards'
import type { DeferredStore } from './deferred'
import { MemoryDeferredStore } from './deferred'
import type { FeedbackStore } from './feedback'
import { MemoryFeedbackStore } from './feedback'
import type { GroupStore } from './groups'
import { MemoryGroupStore } from './groups'
import type { StreamStore } from './streams'
import { MemoryStreamStore } from './streams'

/** Everything a bot keeps beyond a turn, by subject. */
export interface Stores {
  streams: StreamStore
  cards: CardStore
  feedback: FeedbackStore
  groups: GroupStore
  deferred: DeferredStore
  /** Writes what is pending and stops all timers. May be called more than once. */
  dispose(): Promise<void>
}

/** Keeps cards and feedback in bounded memory; nothing survives the process. */
export function createMemoryStores(clock: Clock): Stores {
  return {
    streams: new MemoryStreamStore(),
    cards: new MemoryCardStore(clock),
    feedback: new MemoryFeedbackStore(clock),
    groups: new MemoryGroupStore(),
    deferred: new MemoryDeferredStore(),
    dispose: async () => {},
  }
}
