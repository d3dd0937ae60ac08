import { randomUUID } from 'node:crypto'
import { Context, Time } from 'koishi'
import { TemplateCard } from './card'
import { CARD_LIFE, KeptPush, Opinion, PUSH_LIFE, SentCard, Store, TRACE_LIFE, Trace } from './store'

declare module 'koishi' {
  interface Tables {
    wecom_bot_turn: TurnRow
    wecom_bot_card: CardRow
    wecom_bot_opinion: OpinionRow
    wecom_bot_push: PushRow
  }
}

interface TurnRow {
  /** Bot and msgid: inserting it is the claim. */
  message: string
  stream: string
  msgId: string
  botId: string
  userId: string
  chatId: string
  content: string
  finished: boolean
  shown: Date
  expires: Date
}

interface CardRow {
  task: string
  /** JSON */
  card: string
  standing: boolean
  expires: Date
}

interface OpinionRow {
  stream: string
  userId: string
  /** JSON */
  opinion: string
  expires: Date
}

interface PushRow {
  id: number
  target: string
  /** JSON; with a picture in it up to 3 MB */
  body: string
  /** Whoever has set it has the message. */
  taker: string
  expires: Date
}

/** How long a message may wait for its claim: an answer is worth more than the certainty that it is the only one. */
const PATIENCE = Time.second
/** How often what streams show is written. */
const FLUSH = Time.second

export function declareTables(ctx: Context) {
  ctx.model.extend('wecom_bot_turn', {
    message: 'string(255)',
    stream: 'string(63)',
    msgId: 'string(255)',
    botId: 'string(127)',
    userId: 'string(127)',
    chatId: 'string(127)',
    content: 'text',
    finished: 'boolean',
    shown: 'timestamp',
    expires: 'timestamp',
  }, { primary: 'message', indexes: ['stream', 'expires'] })
  ctx.model.extend('wecom_bot_card', {
    task: 'string(127)',
    card: 'text',
    standing: 'boolean',
    expires: 'timestamp',
  }, { primary: 'task' })
  ctx.model.extend('wecom_bot_opinion', {
    stream: 'string(63)',
    userId: 'string(127)',
    opinion: 'text',
    expires: 'timestamp',
  }, { primary: ['stream', 'userId'] })
  ctx.model.extend('wecom_bot_push', {
    id: 'unsigned',
    target: 'string(63)',
    body: { type: 'text', length: 2 ** 24 - 1 },
    taker: 'string(63)',
    expires: 'timestamp',
  }, { autoInc: true })
}

/**
 * Keeps turns, cards, opinions and unsent messages in Koishi's database, so that a process that was killed and started
 * again knows what it had answered. Where the database fails, the bot answers all the same and the log says what is not
 * kept.
 */
export class DatabaseStore implements Store {
  readonly #shown = new Map<string, Trace>()
  readonly #flushing: () => void
  readonly #sweeping: () => void
  #complained = 0

  /** @param retention how long what a stream showed is kept, in milliseconds */
  constructor(readonly ctx: Context, readonly retention: number) {
    this.#flushing = ctx.setInterval(() => void this.#flush(), FLUSH)
    this.#sweeping = ctx.setInterval(() => void this.#sweep(), Time.minute)
  }

  async claim(trace: Trace): Promise<string> {
    const message = `${trace.owner.botId}/${trace.msgId}`
    let patience: NodeJS.Timeout
    const late = new Promise<string>((resolve) => {
      patience = setTimeout(() => resolve(trace.streamId), PATIENCE)
    })
    return Promise.race([this.#insert(message, trace), late]).finally(() => clearTimeout(patience))
  }

  show(trace: Trace) {
    this.#shown.set(trace.streamId, trace)
  }

  async recall(stream: string): Promise<Trace | undefined> {
    return this.#try(undefined, async (database) => {
      const [row] = await database.get('wecom_bot_turn', { stream })
      return row && read(row)
    })
  }

  rememberCard(card: TemplateCard, standing: boolean) {
    const expires = new Date(Date.now() + CARD_LIFE)
    void this.#try(undefined, database => database.upsert('wecom_bot_card', [
      { task: card.task_id!, card: JSON.stringify(card), standing, expires },
    ]))
  }

  async card(task: string): Promise<SentCard | undefined> {
    return this.#try(undefined, async (database) => {
      const [row] = await database.get('wecom_bot_card', { task, expires: { $gt: new Date() } })
      return row && { card: JSON.parse(row.card), standing: row.standing }
    })
  }

  async rememberOpinion(stream: string, opinion: Opinion) {
    const expires = new Date(Date.now() + TRACE_LIFE)
    await this.#try(undefined, database => database.upsert('wecom_bot_opinion', [
      { stream, userId: opinion.userId, opinion: JSON.stringify(opinion), expires },
    ]))
  }

  async opinions(stream: string): Promise<Opinion[]> {
    return this.#try([], async (database) => {
      const rows = await database.get('wecom_bot_opinion', { stream })
      return rows.map(row => JSON.parse(row.opinion))
    })
  }

  async keep(pushes: KeptPush[]): Promise<boolean> {
    const expires = new Date(Date.now() + PUSH_LIFE)
    return this.#try(false, async (database) => {
      for (const { target, body } of pushes) {
        await database.create('wecom_bot_push', { target, body: JSON.stringify(body), taker: '', expires })
      }
      return true
    })
  }

  async takeKept(target: string[]): Promise<KeptPush[]> {
    const taker = randomUUID()
    return this.#try([], async (database) => {
      await database.set('wecom_bot_push', { target, taker: '', expires: { $gt: new Date() } }, { taker })
      const rows = await database.get('wecom_bot_push', { taker }, { sort: { id: 'asc' } })
      await database.remove('wecom_bot_push', { taker })
      return rows.map(({ target, body }) => ({ target, body: JSON.parse(body) }))
    })
  }

  async dispose() {
    this.#flushing()
    this.#sweeping()
    await this.#flush()
  }

  #insert(message: string, trace: Trace): Promise<string> {
    return this.#try(trace.streamId, async (database) => {
      try {
        await database.create('wecom_bot_turn', write(message, trace))
        return trace.streamId
      } catch (error) {
        const [row] = await database.get('wecom_bot_turn', { message }, ['stream'])
        if (!row) throw error
        return row.stream
      }
    })
  }

  async #flush() {
    if (!this.#shown.size) return
    const rows = [...this.#shown.values()].map(trace => write(`${trace.owner.botId}/${trace.msgId}`, trace))
    this.#shown.clear()
    await this.#try(undefined, database => database.upsert('wecom_bot_turn', rows))
  }

  async #sweep() {
    const expires = { $lt: new Date() }
    const shown = { $lt: new Date(Date.now() - this.retention) }
    await this.#try(undefined, async (database) => {
      await database.set('wecom_bot_turn', { shown, content: { $ne: '' } }, { content: '' })
      await database.remove('wecom_bot_turn', { expires })
      await database.remove('wecom_bot_card', { expires })
      await database.remove('wecom_bot_opinion', { expires })
      await database.remove('wecom_bot_push', { expires })
    })
  }

  async #try<T, R>(fallback: R, action: (database: Context['database']) => Promise<T>): Promise<T | R> {
    const database = this.ctx.get('database')
    try {
      if (!database) throw new Error('no database is loaded')
      return await action(database)
    } catch (error) {
      // One line a minute: a database that is gone fails with every message.
      if (Date.now() - this.#complained > Time.minute) {
        this.#complained = Date.now()
        this.ctx.logger('wecom-bot').warn('database: %s; turns would not survive a restart now', (error as Error).message)
      }
      return fallback
    }
  }
}

function write(message: string, { streamId, msgId, owner, content, finished }: Trace): TurnRow {
  return {
    message,
    stream: streamId,
    msgId,
    botId: owner.botId,
    userId: owner.userId,
    chatId: owner.chatId ?? '',
    content,
    finished,
    shown: new Date(),
    expires: new Date(Date.now() + TRACE_LIFE),
  }
}

function read({ stream, msgId, botId, userId, chatId, content, finished }: TurnRow): Trace {
  return { streamId: stream, msgId, owner: { botId, userId, chatId: chatId || undefined }, content, finished }
}
