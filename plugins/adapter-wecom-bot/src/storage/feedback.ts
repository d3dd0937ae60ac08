import type { Feedback } from '../protocol/payload'
import type { Clock } from 'common/time'
import { ExpiringMap } from 'common/collections'

/** How long after an answer it can still be rated. */
export const FEEDBACK_LIFETIME_MS = 7 * 24 * 3600_000
const MAX_RATED_STREAMS = 5000

/** One person's rating of an answer. */
export interface FeedbackRecord extends Omit<Feedback, 'id'> {
  userId: string
  /** When it was given. Milliseconds since 1970. */
  time: number
}

/** Ratings of answers, the latest of each person. */
export interface FeedbackStore {
  save(streamId: string, record: FeedbackRecord): Promise<void>
  list(streamId: string): Promise<FeedbackRecord[]>
}

export class MemoryFeedbackStore implements FeedbackStore {
  private readonly byStream: ExpiringMap<Map<string, FeedbackRecord>>

  constructor(clock: Clock) {
    this.byStream = new ExpiringMap(clock, FEEDBACK_LIFETIME_MS, MAX_RATED_STREAMS)
  }

  async save(streamId: string, record: FeedbackRecord) {
    const records = this.byStream.get(streamId) ?? new Map<string, FeedbackRecord>()
    this.byStream.set(streamId, records.set(record.userId, record))
  }

  async list(streamId: string) {
    return [...this.byStream.get(streamId)?.values() ?? []]
  }
}
