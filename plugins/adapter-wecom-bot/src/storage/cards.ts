import type { CardAnswer } from '../cards/card-update'
import { CARD_UPDATE_LIFETIME_MS } from '../protocol/limits'
import type { TemplateCard } from '../protocol/template-card'
import type { Clock } from 'common/time'
import { ExpiringMap } from 'common/collections'

/** Most cards kept in the memory of this process. */
export const MAX_CARDS = 5000

export interface SentCard {
  card: TemplateCard
  /** The buttons keep working after a click. */
  isReusable: boolean
}

/** Cards that were sent, and what was chosen on them. Cards without a `task_id` cannot be updated and are not kept. */
export interface CardStore {
  /** Records a card. A card with the same `task_id` is replaced, and its answers are discarded. */
  save(card: TemplateCard, isReusable: boolean): void
  find(taskId: string): Promise<SentCard | undefined>
  /**
   * Records an answer unless there is one already.
   * @param userId the person who answered; empty for a card that is answered once for everyone
   * @returns the answer that was there before
   */
  recordAnswer(taskId: string, userId: string, answer: CardAnswer): Promise<CardAnswer | undefined>
}

export class MemoryCardStore implements CardStore {
  private readonly cards: ExpiringMap<SentCard>
  private readonly answers: ExpiringMap<Map<string, CardAnswer>>

  constructor(clock: Clock) {
    this.cards = new ExpiringMap(clock, CARD_UPDATE_LIFETIME_MS, MAX_CARDS)
    this.answers = new ExpiringMap(clock, CARD_UPDATE_LIFETIME_MS, MAX_CARDS)
  }

  save(card: TemplateCard, isReusable: boolean) {
    if (!card.task_id) return
    this.cards.set(card.task_id, { card, isReusable })
    this.answers.set(card.task_id, new Map())
  }

  async find(taskId: string) {
    return this.cards.get(taskId)
  }

  async recordAnswer(taskId: string, userId: string, answer: CardAnswer) {
    const answers = this.answers.get(taskId)
    const before = answers?.get(userId)
    if (!before) answers?.set(userId, answer)
    return before
  }
}
