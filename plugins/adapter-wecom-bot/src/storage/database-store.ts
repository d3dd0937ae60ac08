import type { Context } from 'koishi'
import { Access } from './database-access'
import type { Answer } from '../cards/card-update'
import type { TemplateCard } from '../protocol/template-card'
import type { Clock } from '../util/clock'
import { clock as realClock } from '../util/clock'
import type { KeptPush, Opinion, SentCard, Store, Trace } from './store'
import { CARD_LIFE, GROUPS, PUSH_LIFE, Shelf, TRACE_LIFE } from './store'
import type { CardRow } from './tables'
import { nameOf, read, write } from './tables'

/** How often what streams show is written, in milliseconds. */
const FLUSH = 1000
/** Most rows at once: there are drivers that compare each with each. */
const FLUSH_SIZE = 32
const SWEEP = 60_000

/**
 * Keeps turns, cards, opinions and unsent messages in Koishi's database, so that a process that was killed and started
 * again knows what it had answered. Where the database fails, the bot answers all the same and the log says what is not
 * kept.
 *
 * Not every driver changes a row in one step, but between processes every one inserts and removes it so: what only one
 * may have is inserted or removed. Within the process, what concerns the same row is done in turn.
 */
export class DatabaseStore implements Store {
  private readonly shown = new Map<string, Trace>()
  /** Messages whose claim in the database is not decided, with their decision. */
  private readonly claims = new Map<string, Promise<string>>()
  /** Streams of messages that turned out to be somebody else's when they were being answered. */
  private readonly strange: Shelf<true>
  /** Cards that are not written yet: every answer may have one. */
  private readonly standing: Shelf<CardRow>
  private readonly access: Access
  private flushing: unknown
  private flushed = Promise.resolve()
  private sweeping: unknown

  /**
   * @param retention how long what a stream showed is kept, in milliseconds
   * @param bot whose cards these are: their ids need not be unique among bots
   */
  constructor(
    ctx: Context,
    readonly retention: number,
    readonly bot: string,
    readonly clock: Clock = realClock,
  ) {
    this.access = new Access(ctx, clock)
    this.strange = new Shelf(clock, TRACE_LIFE, 1000)
    this.standing = new Shelf(clock, CARD_LIFE, 5000)
    this.sweepAgain()
  }

  async claim(trace: Trace): Promise<string> {
    const name = nameOf(trace)
    // Two claims at once would both insert where the driver looks for duplicates before it does.
    const decision = this.claims.get(name) ?? this.insert(trace).finally(() => this.claims.delete(name))
    this.claims.set(name, decision)
    void decision.then((winner) => {
      if (winner === trace.streamId) return
      this.strange.set(trace.streamId, true)
      this.shown.delete(trace.streamId)
    })
    return this.access.soon(decision, trace.streamId)
  }

  show(trace: Trace) {
    if (this.strange.get(trace.streamId)) return
    this.shown.set(trace.streamId, trace)
    this.flushSoon()
  }

  async recall(stream: string): Promise<Trace | undefined> {
    return this.access.read(async (database) => {
      const [row] = await database.get('wecom_bot_turn', { stream, ...this.alive })
      return row && read(row)
    })
  }

  rememberCard(card: TemplateCard, standing: boolean) {
    if (!card.task_id) return
    const task = this.taskOf(card.task_id)
    const row = { task, card: JSON.stringify(card), standing, expires: this.after(CARD_LIFE) }
    if (standing) {
      this.standing.set(task, row)
      return this.flushSoon()
    }
    void this.access.put(task, async (database) => {
      await database.upsert('wecom_bot_card', [row])
      await database.remove('wecom_bot_answer', { task })
    })
  }

  async card(taskId: string): Promise<SentCard | undefined> {
    const task = this.taskOf(taskId)
    const row = this.standing.get(task) ?? await this.access.read(async (database) => {
      return (await database.get('wecom_bot_card', { task, ...this.alive })).at(0)
    })
    return row && { card: JSON.parse(row.card), standing: row.standing }
  }

  async answer(taskId: string, userId: string, answer: Answer): Promise<Answer | undefined> {
    const task = this.taskOf(taskId)
    const row = { task, userId, answer: JSON.stringify(answer), expires: this.after(CARD_LIFE) }
    return this.access.soon(this.access.inLine(task, undefined, async (database) => {
      try {
        await database.create('wecom_bot_answer', row)
      } catch (error) {
        const [row] = await database.get('wecom_bot_answer', { task, userId })
        if (!row) throw error
        return JSON.parse(row.answer)
      }
    }), undefined)
  }

  async rememberOpinion(stream: string, opinion: Opinion) {
    const { userId } = opinion
    const row = { stream, userId, opinion: JSON.stringify(opinion), expires: this.after(TRACE_LIFE) }
    await this.access.soon(this.access.put(stream, database => database.upsert('wecom_bot_opinion', [row])), undefined)
  }

  async opinions(stream: string): Promise<Opinion[]> {
    return await this.access.read(async (database) => {
      const rows = await database.get('wecom_bot_opinion', { stream, ...this.alive })
      return rows.map(row => JSON.parse(row.opinion))
    }) ?? []
  }

  async meet(botId: string, chatId: string): Promise<string[] | undefined> {
    return this.access.inLine(`${botId}/`, undefined, async (database) => {
      const known = () => database.get('wecom_bot_group', { botId })
      const before = await known()
      if (before.length < GROUPS && !before.some(row => row.chatId === chatId)) {
        // Another process may have been quicker, which is as good.
        await database.create('wecom_bot_group', { botId, chatId }).catch(() => {})
      }
      return (await known()).map(row => row.chatId)
    })
  }

  async keep(pushes: KeptPush[]): Promise<boolean> {
    const expires = this.after(PUSH_LIFE)
    return this.access.try(false, async (database) => {
      const kept: number[] = []
      try {
        for (const { target, body } of pushes) {
          kept.push((await database.create('wecom_bot_push', { target, body: JSON.stringify(body), expires })).id)
        }
        return true
      } catch (error) {
        // All of them or none: what is said to be lost must not be sent all the same.
        await database.remove('wecom_bot_push', { id: kept }).catch(() => {})
        throw error
      }
    })
  }

  async takeKept(target: string[]): Promise<KeptPush[]> {
    return this.access.try([], async (database) => {
      const rows = await database.get('wecom_bot_push', { target, ...this.alive }, { sort: { id: 'asc' } })
      const taken: KeptPush[] = []
      for (const { id, target, body } of rows) {
        const { removed } = await database.remove('wecom_bot_push', { id })
        if (removed) taken.push({ target, body: JSON.parse(body) })
      }
      return taken
    })
  }

  async dispose() {
    this.clock.clearTimeout(this.flushing)
    this.clock.clearTimeout(this.sweeping)
    await this.access.soon(Promise.all(this.claims.values()), undefined)
    await this.flush()
  }

  private insert(trace: Trace): Promise<string> {
    return this.access.try(trace.streamId, async (database) => {
      try {
        await database.create('wecom_bot_turn', write(trace, this.clock.now()))
        return trace.streamId
      } catch (error) {
        const [row] = await database.get('wecom_bot_turn', { message: nameOf(trace) }, ['stream'])
        if (!row) throw error
        return row.stream
      }
    })
  }

  /** One after the other: when the last is through, everything is written. */
  private flush(): Promise<void> {
    return this.flushed = this.flushed.then(() => this.flushNow())
  }

  private async flushNow() {
    const traces = [...this.shown.values()].filter(trace => !this.claims.has(nameOf(trace)))
    for (const { streamId } of traces) this.shown.delete(streamId)
    if (this.shown.size) this.flushSoon()
    const rows = traces.map(trace => write(trace, this.clock.now()))
    await this.write(rows, (database, rows) => database.upsert('wecom_bot_turn', rows))
    const cards = this.standing.values
    await this.write(cards, (database, rows) => database.upsert('wecom_bot_card', rows))
    for (const { task } of cards) this.standing.delete(task)
  }

  private async write<T>(rows: T[], action: (database: Context['database'], rows: T[]) => Promise<unknown>) {
    for (let at = 0; at < rows.length; at += FLUSH_SIZE) {
      await this.access.put('', database => action(database, rows.slice(at, at + FLUSH_SIZE)))
      // Callbacks have waited in the meantime.
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  private async sweep() {
    const expires = { $lte: new Date(this.clock.now()) }
    const shown = { $lte: new Date(this.clock.now() - this.retention) }
    await this.access.try(undefined, async (database) => {
      await database.set('wecom_bot_turn', { shown, content: { $ne: '' } }, { content: '' })
      await database.remove('wecom_bot_turn', { expires })
      await database.remove('wecom_bot_card', { expires })
      await database.remove('wecom_bot_answer', { expires })
      await database.remove('wecom_bot_opinion', { expires })
      await database.remove('wecom_bot_push', { expires })
    })
  }

  private flushSoon() {
    this.flushing ??= this.clock.setTimeout(() => {
      this.flushing = undefined
      void this.flush()
    }, FLUSH)
  }

  private sweepAgain() {
    this.sweeping = this.clock.setTimeout(() => {
      this.sweepAgain()
      void this.sweep()
    }, SWEEP)
  }

  private taskOf(taskId: string) {
    return `${this.bot}/${taskId}`
  }

  private get alive() {
    return { expires: { $gt: new Date(this.clock.now()) } }
  }

  private after(life: number) {
    return new Date(this.clock.now() + life)
  }
}
