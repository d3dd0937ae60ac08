import type { SharedState } from 'common/shared-state'
import type { FeedbackRecord, FeedbackStore } from '../storage/feedback'
import { FEEDBACK_LIFETIME_MS } from '../storage/feedback'

/** Most people whose ratings of one answer are shared; of more, the latest. */
const MAX_RATINGS = 200
/** Another instance may receive a rating of the same answer at the same moment. */
const MAX_TRIES = 5

/** Ratings of answers, whichever instance has received them. */
export class SharedFeedbackStore implements FeedbackStore {
  /** @param state `undefined` as long as nothing is shared */
  constructor(
    private readonly botId: string,
    private readonly state: () => SharedState | undefined,
    private readonly inner: FeedbackStore,
  ) {}

  async save(streamId: string, record: FeedbackRecord) {
    const state = this.state()
    await Promise.all([this.inner.save(streamId, record), state && this.share(state, streamId, record)])
  }

  async list(streamId: string): Promise<FeedbackRecord[]> {
    const [own, shared] = await Promise.all([this.inner.list(streamId), this.state()?.get(this.key(streamId))])
    return latest([...own, ...parse(shared)])
  }

  private async share(state: SharedState, streamId: string, record: FeedbackRecord) {
    const key = this.key(streamId)
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const before = await state.get(key)
      const records = latest([...parse(before), record]).slice(-MAX_RATINGS)
      if (await state.compareAndSet(key, before, JSON.stringify(records), FEEDBACK_LIFETIME_MS)) return
    }
  }

  private key(streamId: string) {
    return ['wecom-bot', this.botId, 'feedback', streamId].join('/')
  }
}

function parse(text: string | undefined): FeedbackRecord[] {
  return text === undefined ? [] : JSON.parse(text) as FeedbackRecord[]
}

/** The latest rating of each person, in the order in which they were given. */
function latest(records: FeedbackRecord[]): FeedbackRecord[] {
  const byPerson = new Map<string, FeedbackRecord>()
  for (const record of records) {
    if (record.time >= (byPerson.get(record.userId)?.time ?? -Infinity)) byPerson.set(record.userId, record)
  }
  return [...byPerson.values()].sort((one, other) => one.time - other.time)
}
