import type { Clock } from 'common/time'
import { LruMap } from 'common/collections'
import { rowKey } from 'common/database'
import type { DatabaseAccess } from 'common/database'
import type { SharedLeases } from '../instances/shared-leases'
import type { OpenCardRow } from './tables'

/** Closed cards that are remembered because the database is away. */
const MAX_CLOSED = 1000

/** Records the cards that are being written, so that they can be closed after a crash. */
export class OpenCardStore {
  /** Cards of this process. */
  private readonly own = new Set<string>()
  /** Closed cards of which it could not remove the row. */
  private readonly closed = new LruMap<string, true>({ capacity: MAX_CLOSED })

  constructor(
    private readonly database: DatabaseAccess,
    private readonly clock: Clock,
    private readonly shared?: SharedLeases,
  ) {}

  /** @param row with the app key itself */
  async add(row: Pick<OpenCardRow, 'outTrackId' | 'app' | 'template' | 'key' | 'notice'>) {
    this.own.add(row.outTrackId)
    const createdAt = new Date(this.clock.now())
    const app = rowKey(row.app)
    // Before the row, which other instances would take for a card that was left open.
    await this.shared?.hold(row.outTrackId)
    await this.database.try(database => database.create('gemini_dingtalk_card', { ...row, app, content: '', createdAt }))
  }

  async update(outTrackId: string, content: string) {
    await this.database.try(database => database.set('gemini_dingtalk_card', { outTrackId }, { content }))
  }

  /** Keeps the whole text of a card that only looks open: closing it takes nothing away and adds no note. */
  async complete(outTrackId: string, content: string) {
    await this.database.try(database => database.set('gemini_dingtalk_card', { outTrackId }, { content, notice: '' }))
  }

  /** Removes a card that is closed. */
  async remove(outTrackId: string) {
    this.own.delete(outTrackId)
    const removed = await this.database.try(database => database.remove('gemini_dingtalk_card', { outTrackId }))
    if (removed) this.closed.delete(outTrackId)
    else this.closed.set(outTrackId, true)
    await this.shared?.release(outTrackId)
  }

  /** Gives up a card that could not be closed: it counts as left open. */
  leave(outTrackId: string) {
    this.own.delete(outTrackId)
    void this.shared?.release(outTrackId)
  }

  /** Takes a card that was left open. @returns `false` if another instance writes it, or that cannot be known now */
  async takeOver(outTrackId: string): Promise<boolean> {
    return !this.shared || this.shared.takeOver(outTrackId)
  }

  /** Cards of an app that were left open: by a process that was killed, or while DingTalk could not be reached. */
  async leftOpen(app: string): Promise<OpenCardRow[]> {
    const query = { app: rowKey(app) }
    const rows = await this.database.try(database => database.get('gemini_dingtalk_card', query)) ?? []
    // To close these again would put what was stored last in place of the whole text.
    const closed = rows.filter(({ outTrackId }) => this.closed.get(outTrackId))
    await Promise.all(closed.map(({ outTrackId }) => this.remove(outTrackId)))
    return rows.filter(row => !this.own.has(row.outTrackId) && !closed.includes(row))
  }
}
