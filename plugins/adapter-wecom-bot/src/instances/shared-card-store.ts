import type { SharedState } from 'common/shared-state'
import type { CardAnswer } from '../cards/card-update'
import { CARD_UPDATE_LIFETIME_MS } from '../protocol/limits'
import type { TemplateCard } from '../protocol/template-card'
import type { CardStore, SentCard } from '../storage/cards'

/** Cards that can be clicked on at any instance. */
export class SharedCardStore implements CardStore {
  /** @param state `undefined` as long as nothing is shared */
  constructor(
    private readonly botId: string,
    private readonly state: () => SharedState | undefined,
    private readonly inner: CardStore,
  ) {}

  save(card: TemplateCard, isReusable: boolean) {
    this.inner.save(card, isReusable)
    const sent: SentCard = { card, isReusable }
    if (card.task_id) void this.state()?.set(this.key('card', card.task_id), JSON.stringify(sent), CARD_UPDATE_LIFETIME_MS)
  }

  async find(taskId: string): Promise<SentCard | undefined> {
    const shared = await this.state()?.get(this.key('card', taskId))
    return shared ? JSON.parse(shared) as SentCard : this.inner.find(taskId)
  }

  async recordAnswer(taskId: string, userId: string, answer: CardAnswer): Promise<CardAnswer | undefined> {
    const state = this.state()
    if (!state) return this.inner.recordAnswer(taskId, userId, answer)
    // The answers of different people are equal texts: the claim is by a value of its own.
    const value = JSON.stringify({ answer, by: state.instance, at: performance.now() })
    const winner = await state.claim(this.key('answer', taskId, userId), value, CARD_UPDATE_LIFETIME_MS)
    const before = await this.inner.recordAnswer(taskId, userId, answer)
    return winner === value ? before : (JSON.parse(winner) as { answer: CardAnswer }).answer
  }

  private key(...parts: string[]) {
    return ['wecom-bot', this.botId, ...parts].join('/')
  }
}
