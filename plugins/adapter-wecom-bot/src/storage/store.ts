import type { Answer } from '../cards/card-update'
import type { TemplateCard } from '../protocol/template-card'
import type { Clock } from '../util/clock'
import type { Feedback } from '../protocol/parse-aibot'
import type { Owner } from '../turn/turn'

/** What is known of a turn that no living process holds. */
export interface Trace {
  streamId: string
  msgId: string
  owner: Owner
  /** What its stream last showed. */
  content: string
  /** Whether that was all of it. */
  finished: boolean
}

export interface SentCard {
  card: TemplateCard
  /** Its buttons go on working after a click. */
  standing: boolean
}

/** What somebody thought of an answer; a later opinion of the same person replaces it. */
export interface Opinion extends Omit<Feedback, 'id'> {
  userId: string
  /** Milliseconds since 1970. */
  time: number
}

/** A message that had not been sent when the process ended. */
export interface KeptPush {
  /** Stands for the webhook it goes to. */
  target: string
  body: object
}

/**
 * What must outlive a turn, or the process. Several processes may share one: every method is a single step that two of
 * them cannot get between, and a trace is written only by the process that claimed it.
 */
export interface Store {
  /**
   * Claims a message, so that it is answered once.
   * @returns the stream id of whoever claimed it first: `trace.streamId` where that was this call
   */
  claim(trace: Trace): Promise<string>
  /** Notes what a stream shows; soon, not at once. */
  show(trace: Trace): void
  recall(streamId: string): Promise<Trace | undefined>
  /** A card that is sent under the id of another takes its place: nobody has answered it. */
  rememberCard(card: TemplateCard, standing: boolean): void
  card(taskId: string): Promise<SentCard | undefined>
  /**
   * Notes what was chosen on a card, unless something had been.
   * @param userId whose answer it is; empty where one speaks for all
   * @returns the answer that was there before
   */
  answer(taskId: string, userId: string, answer: Answer): Promise<Answer | undefined>
  rememberOpinion(streamId: string, opinion: Opinion): Promise<void>
  opinions(streamId: string): Promise<Opinion[]>
  /**
   * Notes a group that a bot was spoken to in. Two of them are as good as many.
   * @returns all that are known, this one too; `undefined` where that cannot be said
   */
  meet(botId: string, chatId: string): Promise<string[] | undefined>
  /** @returns whether the messages are there for the next start */
  keep(pushes: KeptPush[]): Promise<boolean>
  /** Takes out the messages kept for these webhooks, in their order; nobody else gets them. */
  takeKept(targets: string[]): Promise<KeptPush[]>
  /** Writes what is not written yet. */
  dispose(): Promise<void>
}

/** How long a card can be updated, and how long after an answer somebody may still rate it. Milliseconds. */
export const CARD_LIFE = 24 * 3600_000
export const TRACE_LIFE = 7 * 24 * 3600_000
/** How long a message may wait for the next start: files that were uploaded are there for so long. */
export const PUSH_LIFE = 3 * 24 * 3600_000
/** Most groups that are noted for a bot. */
export const GROUPS = 2
const CAPACITY = 5000

/** Keeps what one process can keep without a database: cards and opinions, bounded; turns live in `Turns`. */
export class MemoryStore implements Store {
  private readonly cards: Shelf<SentCard>
  private readonly answers: Shelf<Map<string, Answer>>
  private readonly opinionsByStream: Shelf<Map<string, Opinion>>

  constructor(clock: Clock) {
    this.cards = new Shelf(clock, CARD_LIFE, CAPACITY)
    this.answers = new Shelf(clock, CARD_LIFE, CAPACITY)
    this.opinionsByStream = new Shelf(clock, TRACE_LIFE, CAPACITY)
  }

  async claim({ streamId }: Trace) {
    return streamId
  }

  show() {}

  async recall() {
    return undefined
  }

  rememberCard(card: TemplateCard, standing: boolean) {
    if (!card.task_id) return
    this.cards.set(card.task_id, { card, standing })
    this.answers.set(card.task_id, new Map())
  }

  async card(taskId: string) {
    return this.cards.get(taskId)
  }

  async answer(taskId: string, userId: string, answer: Answer) {
    const answers = this.answers.get(taskId)
    const before = answers?.get(userId)
    if (!before) answers?.set(userId, answer)
    return before
  }

  async rememberOpinion(streamId: string, opinion: Opinion) {
    const opinions = this.opinionsByStream.get(streamId) ?? new Map<string, Opinion>()
    this.opinionsByStream.set(streamId, opinions.set(opinion.userId, opinion))
  }

  async opinions(streamId: string) {
    return [...this.opinionsByStream.get(streamId)?.values() ?? []]
  }

  /** What was met before is remembered by whoever asks, for as long as this lives. */
  async meet(_botId: string, chatId: string) {
    return [chatId]
  }

  async keep() {
    return false
  }

  async takeKept() {
    return []
  }

  async dispose() {
    this.cards.clear()
    this.answers.clear()
    this.opinionsByStream.clear()
  }
}

/** A map whose entries go after a time, and the oldest first where there are too many. */
export class Shelf<T> {
  private readonly entries = new Map<string, { value: T, until: number }>()

  constructor(readonly clock: Clock, readonly life: number, readonly capacity: number) {}

  get size() {
    return this.entries.size
  }

  get(key: string): T | undefined {
    const entry = this.entries.get(key)
    return entry && entry.until > this.clock.now() ? entry.value : undefined
  }

  set(key: string, value: T) {
    const now = this.clock.now()
    this.entries.delete(key)
    for (const [old, { until }] of this.entries) {
      if (until > now && this.entries.size < this.capacity) break
      this.entries.delete(old)
    }
    this.entries.set(key, { value, until: now + this.life })
  }

  get values(): T[] {
    return [...this.entries.values()].map(({ value }) => value)
  }

  delete(key: string) {
    this.entries.delete(key)
  }

  clear() {
    this.entries.clear()
  }
}
