import type { Context } from 'koishi'
import type { Clock } from '../../../gemini-chat/src/util/clock'
import type { Budget } from '../api/monthly-quota'
import { monthOf } from '../api/monthly-quota'
import type { CardDelivery } from '../delivery/card'

declare module 'koishi' {
  interface Tables {
    gemini_dingtalk_card: CardRow
    gemini_dingtalk_usage: UsageRow
  }
}

/** A card that is being written: what is needed to end it when nobody writes to it any more. */
export interface CardRow {
  outTrackId: string
  app: string
  key: string
  /** What it shows. */
  content: string
  /** What to say below that. */
  notice: string
  createdAt: Date
}

/** The calls of an app in a month. */
export interface UsageRow {
  app: string
  month: string
  calls: number
}

/** Declares the tables. It may be called before there is a database. */
export function declareTables(ctx: Context) {
  ctx.model.extend('gemini_dingtalk_card', {
    outTrackId: 'string(64)',
    app: 'string(255)',
    key: 'string(255)',
    content: 'text',
    notice: 'text',
    createdAt: 'timestamp',
  }, { primary: 'outTrackId', indexes: ['app'] })
  ctx.model.extend('gemini_dingtalk_usage', {
    app: 'string(255)',
    month: 'string(7)',
    calls: 'unsigned',
  }, { primary: ['app', 'month'] })
}

/** Koishi's database, where there is one. Without it, or while it fails, nothing is remembered and nothing breaks. */
export class Shelf {
  private failing = false

  constructor(private readonly ctx: Context, private readonly warn: (error: unknown) => void) {}

  async use<T>(task: (database: Context['database']) => Promise<T>): Promise<T | undefined> {
    const database = this.ctx.get('database')
    if (!database) return
    try {
      const result = await task(database)
      this.failing = false
      return result
    } catch (error) {
      if (!this.failing) this.warn(error)
      this.failing = true
    }
  }
}

/** The cards that are being written. */
export class OpenCards {
  private readonly open = new Map<string, CardDelivery>()

  constructor(private readonly shelf: Shelf, private readonly clock: Clock) {}

  async add(card: CardDelivery, row: Pick<CardRow, 'outTrackId' | 'app' | 'key' | 'notice'>) {
    this.open.set(card.outTrackId, card)
    const createdAt = new Date(this.clock.now())
    await this.shelf.use(database => database.create('gemini_dingtalk_card', { ...row, content: '', createdAt }))
  }

  async update(outTrackId: string, content: string) {
    await this.shelf.use(database => database.set('gemini_dingtalk_card', { outTrackId }, { content }))
  }

  /** @param isLost it is still open, and nobody here writes to it any more */
  async remove({ outTrackId }: CardDelivery, isLost = false) {
    this.open.delete(outTrackId)
    if (!isLost) await this.forget(outTrackId)
  }

  async forget(outTrackId: string) {
    await this.shelf.use(database => database.remove('gemini_dingtalk_card', { outTrackId }))
  }

  /** The cards of an app that were left open: by a process that was killed, or while DingTalk was out of reach. */
  async orphans(app: string): Promise<CardRow[]> {
    const rows = await this.shelf.use(database => database.get('gemini_dingtalk_card', { app })) ?? []
    return rows.filter(({ outTrackId }) => !this.open.has(outTrackId))
  }

  /** Ends all of them as they are. */
  async abandon() {
    await Promise.allSettled([...this.open.values()].map(card => card.abandon()))
  }
}

/** Keeps what an app has used this month, so that a restart does not make it forget. */
export class Ledger {
  private month = ''
  private written = 0
  private writing?: Promise<void>

  constructor(private readonly shelf: Shelf, private readonly app: string, private readonly clock: Clock) {}

  /** Writes the count down; while that takes time only the newest is kept. */
  save(budget: Budget) {
    this.writing ??= this.write(budget).finally(() => this.writing = undefined)
  }

  private async write(budget: Budget) {
    // Everything that is spent at the same time is written at once.
    await Promise.resolve()
    do await this.sync(budget)
    while (this.month === monthOf(this.clock.now()) && budget.used !== this.written && this.known)
  }

  private get known() {
    return this.month !== ''
  }

  private async sync(budget: Budget) {
    await this.shelf.use(async (database) => {
      const { app } = this
      const month = monthOf(this.clock.now())
      if (month !== this.month) {
        const [row] = await database.get('gemini_dingtalk_usage', { app, month })
        this.month = month
        if (row) budget.spend(row.calls)
      }
      const calls = budget.used
      await database.upsert('gemini_dingtalk_usage', [{ app, month, calls }])
      this.written = calls
    })
  }
}
