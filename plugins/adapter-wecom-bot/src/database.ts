import { Context } from 'koishi'
import { Answer } from './answer'
import { TemplateCard } from './card'
import { Clock, clock as realClock } from './clock'
import { Lines } from './lines'
import { CARD_LIFE, GROUPS, KeptPush, Opinion, PUSH_LIFE, SentCard, Shelf, Store, TRACE_LIFE, Trace } from './store'
import { nameOf, read, write } from './tables'

/** How long whoever waits for a reply may wait for the database: an answer is worth more than to be sure of it. */
const PATIENCE = 1000
/** How often what streams show is written. */
const FLUSH = 1000
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
  readonly #shown = new Map<string, Trace>()
  /** Messages whose claim in the database is not decided, with their decision. */
  readonly #claims = new Map<string, Promise<string>>()
  /** Streams of messages that turned out to be somebody else's when they were being answered. */
  readonly #strange: Shelf<true>
  readonly #lines = new Lines()
  #flushing: unknown
  #sweeping: unknown
  #complained = 0

  /** @param retention how long what a stream showed is kept, in milliseconds */
  constructor(readonly ctx: Context, readonly retention: number, readonly clock: Clock = realClock) {
    this.#strange = new Shelf(clock, TRACE_LIFE, 1000)
    this.#sweepAgain()
  }

  async claim(trace: Trace): Promise<string> {
    const name = nameOf(trace)
    // Two claims at once would both insert where the driver looks for duplicates before it does.
    const decision = this.#claims.get(name) ?? this.#insert(trace).finally(() => this.#claims.delete(name))
    this.#claims.set(name, decision)
    void decision.then((winner) => {
      if (winner === trace.streamId) return
      this.#strange.set(trace.streamId, true)
      this.#shown.delete(trace.streamId)
    })
    return this.#soon(decision, trace.streamId)
  }

  show(trace: Trace) {
    if (this.#strange.get(trace.streamId)) return
    this.#shown.set(trace.streamId, trace)
    this.#flushSoon()
  }

  async recall(stream: string): Promise<Trace | undefined> {
    return this.#read(async (database) => {
      const [row] = await database.get('wecom_bot_turn', { stream, ...this.#alive })
      return row && read(row)
    })
  }

  rememberCard(card: TemplateCard, standing: boolean) {
    if (!card.task_id) return
    const task = card.task_id
    const row = { task, card: JSON.stringify(card), standing, expires: this.#after(CARD_LIFE) }
    void this.#put(task, async (database) => {
      await database.upsert('wecom_bot_card', [row])
      await database.remove('wecom_bot_answer', { task })
    })
  }

  async card(task: string): Promise<SentCard | undefined> {
    return this.#read(async (database) => {
      const [row] = await database.get('wecom_bot_card', { task, ...this.#alive })
      return row && { card: JSON.parse(row.card), standing: row.standing }
    })
  }

  async answer(task: string, userId: string, answer: Answer): Promise<Answer | undefined> {
    const row = { task, userId, answer: JSON.stringify(answer), expires: this.#after(CARD_LIFE) }
    return this.#read(database => this.#lines.run(task, async () => {
      try {
        await database.create('wecom_bot_answer', row)
      } catch (error) {
        const [row] = await database.get('wecom_bot_answer', { task, userId })
        if (!row) throw error
        return JSON.parse(row.answer)
      }
    }))
  }

  async rememberOpinion(stream: string, opinion: Opinion) {
    const { userId } = opinion
    const row = { stream, userId, opinion: JSON.stringify(opinion), expires: this.#after(TRACE_LIFE) }
    await this.#put(stream, database => database.upsert('wecom_bot_opinion', [row]))
  }

  async opinions(stream: string): Promise<Opinion[]> {
    return await this.#read(async (database) => {
      const rows = await database.get('wecom_bot_opinion', { stream, ...this.#alive })
      return rows.map(row => JSON.parse(row.opinion))
    }) ?? []
  }

  async meet(botId: string, chatId: string): Promise<string[] | undefined> {
    return this.#try(undefined, database => this.#lines.run(`${botId}/`, async () => {
      const known = () => database.get('wecom_bot_group', { botId })
      const before = await known()
      if (before.length < GROUPS && !before.some(row => row.chatId === chatId)) {
        // Another process may have been quicker, which is as good.
        await database.create('wecom_bot_group', { botId, chatId }).catch(() => {})
      }
      return (await known()).map(row => row.chatId)
    }))
  }

  async keep(pushes: KeptPush[]): Promise<boolean> {
    const expires = this.#after(PUSH_LIFE)
    return this.#try(false, async (database) => {
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
    return this.#try([], async (database) => {
      const rows = await database.get('wecom_bot_push', { target, ...this.#alive }, { sort: { id: 'asc' } })
      const taken: KeptPush[] = []
      for (const { id, target, body } of rows) {
        const { removed } = await database.remove('wecom_bot_push', { id })
        if (removed) taken.push({ target, body: JSON.parse(body) })
      }
      return taken
    })
  }

  async dispose() {
    this.clock.clearTimeout(this.#flushing)
    this.clock.clearTimeout(this.#sweeping)
    await this.#soon(Promise.all(this.#claims.values()), undefined)
    await this.#flush()
  }

  #insert(trace: Trace): Promise<string> {
    return this.#try(trace.streamId, async (database) => {
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

  async #flush() {
    const traces = [...this.#shown.values()].filter(trace => !this.#claims.has(nameOf(trace)))
    for (const { streamId } of traces) this.#shown.delete(streamId)
    if (this.#shown.size) this.#flushSoon()
    if (!traces.length) return
    const rows = traces.map(trace => write(trace, this.clock.now()))
    await this.#put('', database => database.upsert('wecom_bot_turn', rows))
  }

  async #sweep() {
    const expires = { $lte: new Date(this.clock.now()) }
    const shown = { $lte: new Date(this.clock.now() - this.retention) }
    await this.#try(undefined, async (database) => {
      await database.set('wecom_bot_turn', { shown, content: { $ne: '' } }, { content: '' })
      await database.remove('wecom_bot_turn', { expires })
      await database.remove('wecom_bot_card', { expires })
      await database.remove('wecom_bot_answer', { expires })
      await database.remove('wecom_bot_opinion', { expires })
      await database.remove('wecom_bot_push', { expires })
    })
  }

  #flushSoon() {
    this.#flushing ??= this.clock.setTimeout(() => {
      this.#flushing = undefined
      void this.#flush()
    }, FLUSH)
  }

  #sweepAgain() {
    this.#sweeping = this.clock.setTimeout(() => {
      this.#sweepAgain()
      void this.#sweep()
    }, SWEEP)
  }

  get #alive() {
    return { expires: { $gt: new Date(this.clock.now()) } }
  }

  #after(life: number) {
    return new Date(this.clock.now() + life)
  }

  /** For what a reply waits for. */
  #read<T>(action: (database: Context['database']) => Promise<T>): Promise<T | undefined> {
    return this.#soon(this.#try(undefined, action), undefined)
  }

  /** Some drivers look for a row before they insert it, and fail where another process was quicker: now it is there. */
  #put(line: string, action: (database: Context['database']) => Promise<unknown>): Promise<unknown> {
    return this.#lines.run(line, () => this.#try(undefined, database => action(database).catch(() => action(database))))
  }

  async #soon<T, R>(promise: Promise<T>, fallback: R): Promise<T | R> {
    let timer: unknown
    const late = new Promise<R>((resolve) => {
      timer = this.clock.setTimeout(() => resolve(fallback), PATIENCE)
    })
    return Promise.race([promise, late]).finally(() => this.clock.clearTimeout(timer))
  }

  async #try<T, R>(fallback: R, action: (database: Context['database']) => Promise<T>): Promise<T | R> {
    const database = this.ctx.get('database')
    try {
      if (!database) throw new Error('no database is loaded')
      return await action(database)
    } catch (error) {
      // One line a minute: a database that is gone fails with every message.
      if (this.clock.now() - this.#complained > SWEEP) {
        this.#complained = this.clock.now()
        this.ctx.logger('wecom-bot').warn('database: %s; turns would not survive a restart now', (error as Error).message)
      }
      return fallback
    }
  }
}
