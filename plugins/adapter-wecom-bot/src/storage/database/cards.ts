import type { CardAnswer } from '../../cards/card-update'
import type { TemplateCard } from '../../protocol/template-card'
import type { Clock } from 'common/time'
import { ExpiringMap, oldestFirst } from 'common/collections'
import { rowKey } from 'common/database'
import type { CardStore, SentCard } from '../cards'
import { CARD_UPDATE_LIFETIME_MS } from '../../protocol/limits'
import { MAX_CARDS } from '../cards'
import type { RowAccess } from '../row-access'
import type { CardRow } from '../tables'
import { expiresAfter, unexpired } from './expiry'
import { WriteBehind } from './write-behind'

/** Cards in the database. Inserting an answer is atomic, so the first answer wins between processes. */
export class DatabaseCardStore implements CardStore {
  /** Every answer may carry a reusable card, so these are written in batches. */
  private readonly unsaved: ExpiringMap<CardRow>
  private readonly writes: WriteBehind<CardRow>

  /** @param botId `task_id`s are unique within a bot only */
  constructor(readonly access: RowAccess, readonly clock: Clock, readonly botId: string) {
    this.unsaved = new ExpiringMap(clock, CARD_UPDATE_LIFETIME_MS, MAX_CARDS)
    this.writes = new WriteBehind(access, clock, {
      take: () => oldestFirst(this.unsaved).map(([, row]) => row),
      write: (database, rows) => database.upsert('wecom_bot_card', rows),
      written: rows => rows.forEach(({ task }) => this.unsaved.delete(task)),
    })
  }

  save(card: TemplateCard, isReusable: boolean) {
    if (!card.task_id) return
    const task = this.key(card.task_id)
    const expires = expiresAfter(this.clock, CARD_UPDATE_LIFETIME_MS)
    const row = { task, card: JSON.stringify(card), standing: isReusable, expires }
    if (isReusable) {
      this.unsaved.set(task, row)
      return this.writes.schedule()
    }
    void this.access.put(task, async (database) => {
      await database.upsert('wecom_bot_card', [row])
      await database.remove('wecom_bot_answer', { task })
    })
  }

  async find(taskId: string): Promise<SentCard | undefined> {
    if (!taskId) return
    const task = this.key(taskId)
    const row = this.unsaved.get(task) ?? await this.access.read(async (database) => {
      return (await database.get('wecom_bot_card', { task, ...unexpired(this.clock) })).at(0)
    })
    return row && { card: JSON.parse(row.card), isReusable: row.standing }
  }

  async recordAnswer(taskId: string, userId: string, answer: CardAnswer): Promise<CardAnswer | undefined> {
    const task = this.key(taskId)
    const expires = expiresAfter(this.clock, CARD_UPDATE_LIFETIME_MS)
    const person = rowKey(userId)
    const row = { task, userId: person, answer: JSON.stringify(answer), expires }
    return this.access.soon(this.access.inOrder(task, undefined, async (database) => {
      try {
        await database.create('wecom_bot_answer', row)
      } catch (error) {
        const [row] = await database.get('wecom_bot_answer', { task, userId: person })
        if (!row) throw error
        return JSON.parse(row.answer)
      }
    }), undefined)
  }

  dispose(): Promise<void> {
    return this.writes.dispose()
  }

  private key(taskId: string) {
    return rowKey(this.botId, taskId)
  }
}
