import { rowKey } from 'common/database'
import type { DatabaseAccess } from 'common/database'
import { $ } from 'koishi'
import type { Context } from 'koishi'
import { readStoredContents } from '../engine/stored-contents'
import type { Content } from '../engine/types'
import { MemoryHistory } from './history'
import type { History, StoredTurn } from './history'
import { TurnCarryOver } from './turn-carry-over'
import type { Turn } from './turn'

declare module 'koishi' {
  interface Tables {
    gemini_turn: TurnRow
  }
}

/** A turn. Each has a row of its own, so a process that is killed leaves no half-written conversation. */
export interface TurnRow {
  id: number
  /** Row key of the conversation; in rows of earlier versions its key as it is. */
  scope: string
  /** Key of the conversation; empty in rows of earlier versions. */
  conversation: string
  contents: Content[]
  tokens: number
  interrupted: boolean
  createdAt: Date
}

/** Declares the table. Works before a database is loaded. */
export function declareTurnTable(ctx: Context) {
  ctx.model.extend('gemini_turn', {
    id: 'unsigned',
    scope: 'string(255)',
    conversation: 'text',
    contents: 'json',
    tokens: 'unsigned',
    interrupted: 'boolean',
    createdAt: 'timestamp',
  }, { autoInc: true, indexes: ['scope'] })
}

/** The history in use: in the database while one is loaded, otherwise in memory. */
export function historyOf(access: DatabaseAccess, now: () => number, carryOver?: TurnCarryOver): () => History {
  const memory = new MemoryHistory(now)
  const database = new DatabaseHistory(access, now, carryOver)
  return () => access.isLoaded ? database : memory
}

/** Turns that are read at a time: more than most conversations have within their budget. */
const PAGE_TURNS = 50

/** Stores conversations in Koishi's database. */
export class DatabaseHistory implements History {
  /** @param carryOver brings turns of earlier versions into the form of this one before they are used */
  constructor(
    private readonly access: DatabaseAccess, private readonly now: () => number,
    private readonly carryOver = new TurnCarryOver(),
  ) {}

  async load(conversation: string, room = Infinity): Promise<StoredTurn[]> {
    return this.run(conversation, async (database, scope) => {
      const turns: StoredTurn[] = []
      for (let before = Infinity; ;) {
        const query = { scope, ...before < Infinity && { id: { $lt: before } } }
        const rows = await database.get('gemini_turn', query, {
          fields: ['id', 'contents', 'tokens', 'interrupted', 'createdAt'],
          sort: { id: 'desc' },
          limit: PAGE_TURNS,
        })
        for (const { createdAt, contents, ...turn } of rows) {
          turns.unshift({ ...turn, contents: readStoredContents(contents), at: createdAt.getTime() })
          room -= turn.tokens
          if (room < 0) return turns
        }
        if (rows.length < PAGE_TURNS) return turns
        before = rows.at(-1)!.id
      }
    })
  }

  async append(conversation: string, turn: Turn) {
    await this.run(conversation, database => this.create(database, conversation, turn))
  }

  async forget(conversation: string, last?: number) {
    await this.run(conversation, (database, scope) => {
      return database.remove('gemini_turn', last === undefined ? { scope } : { scope, id: { $lte: last } })
    })
  }

  async rewind(conversation: string, first: number) {
    await this.run(conversation, (database, scope) => database.remove('gemini_turn', { scope, id: { $gte: first } }))
  }

  /** Updates a row that exists, so that an interruption leaves the old turn or the new one. */
  async rewrite(conversation: string, first: number, turn: Turn) {
    const { contents, tokens, interrupted = false } = turn
    const row = { contents, tokens, interrupted, createdAt: new Date(this.now()) }
    await this.run(conversation, async (database, scope) => {
      const { matched } = await database.set('gemini_turn', { scope, id: first }, row)
      if (!matched) await this.create(database, conversation, turn)
      else await database.remove('gemini_turn', { scope, id: { $gt: first } })
    })
  }

  /** Writes before it deletes, so that an interruption repeats turns instead of losing them. */
  async condense(conversation: string, last: number, { contents, tokens, interrupted = false }: Turn) {
    await this.run(conversation, async (database, scope) => {
      await database.set('gemini_turn', { scope, id: last }, { contents, tokens, interrupted })
      await database.remove('gemini_turn', { scope, id: { $lt: last } })
    })
  }

  async findIdle(before: number) {
    const idle = await this.access.run((database) => {
      const ends = database.select('gemini_turn')
        .groupBy(['scope', 'conversation'], { id: row => $.max(row.id), at: row => $.max(row.createdAt) })
      return database.select(ends, { at: { $lt: new Date(before) } }).execute()
    })
    // A conversation of an earlier version has its key where others have the row key.
    return idle.map(({ scope, conversation, id }) => ({ scope: conversation || scope, id: Number(id) }))
  }

  private create(database: Context['database'], conversation: string, turn: Turn) {
    const createdAt = new Date(this.now())
    return database.create('gemini_turn', { ...turn, scope: rowKey(conversation), conversation, createdAt })
  }

  /** Runs a task on the rows of a conversation. */
  private run<T>(conversation: string, task: (database: Context['database'], scope: string) => Promise<T>): Promise<T> {
    return this.access.run(async (database) => {
      await this.carryOver.conversation(database, conversation)
      return task(database, rowKey(conversation))
    })
  }
}
