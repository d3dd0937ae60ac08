import type { DatabaseAccess } from 'common/database'
import { $ } from 'koishi'
import type { Context } from 'koishi'
import type { Content } from '../engine/types'
import { MemoryHistory } from './history'
import type { History, StoredTurn } from './history'
import type { Turn } from './turn'

declare module 'koishi' {
  interface Tables {
    gemini_turn: TurnRow
  }
}

/** A turn. Each has a row of its own, so a process that is killed leaves no half-written conversation. */
export interface TurnRow {
  id: number
  scope: string
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
    contents: 'json',
    tokens: 'unsigned',
    interrupted: 'boolean',
    createdAt: 'timestamp',
  }, { autoInc: true, indexes: ['scope'] })
}

/** The history in use: in the database while one is loaded, otherwise in memory. */
export function historyOf(access: DatabaseAccess, now: () => number): () => History {
  const memory = new MemoryHistory(now)
  const database = new DatabaseHistory(access, now)
  return () => access.isLoaded ? database : memory
}

/** Stores conversations in Koishi's database. */
export class DatabaseHistory implements History {
  constructor(private readonly access: DatabaseAccess, private readonly now: () => number) {}

  async load(scope: string): Promise<StoredTurn[]> {
    const rows = await this.access.run(database => database.get('gemini_turn', { scope }, {
      fields: ['id', 'contents', 'tokens', 'interrupted', 'createdAt'],
      sort: { id: 'asc' },
    }))
    return rows.map(({ createdAt, ...turn }) => ({ ...turn, at: createdAt.getTime() }))
  }

  async append(scope: string, turn: Turn) {
    const createdAt = new Date(this.now())
    await this.access.run(database => database.create('gemini_turn', { ...turn, scope, createdAt }))
  }

  async forget(scope: string, last?: number) {
    const query = last === undefined ? { scope } : { scope, id: { $lte: last } }
    await this.access.run(database => database.remove('gemini_turn', query))
  }

  async rewind(scope: string, first: number) {
    await this.access.run(database => database.remove('gemini_turn', { scope, id: { $gte: first } }))
  }

  /** Updates a row that exists, so that an interruption leaves the old turn or the new one. */
  async rewrite(scope: string, first: number, turn: Turn) {
    const { contents, tokens, interrupted = false } = turn
    const createdAt = new Date(this.now())
    const row = { contents, tokens, interrupted, createdAt }
    const { matched } = await this.access.run(database => database.set('gemini_turn', { scope, id: first }, row))
    if (!matched) await this.append(scope, turn)
    else await this.access.run(database => database.remove('gemini_turn', { scope, id: { $gt: first } }))
  }

  /** Writes before it deletes, so that an interruption repeats turns instead of losing them. */
  async condense(scope: string, last: number, { contents, tokens, interrupted = false }: Turn) {
    await this.access.run(async (database) => {
      await database.set('gemini_turn', { scope, id: last }, { contents, tokens, interrupted })
      await database.remove('gemini_turn', { scope, id: { $lt: last } })
    })
  }

  async findIdle(before: number) {
    const idle = await this.access.run((database) => {
      const ends = database.select('gemini_turn')
        .groupBy('scope', { id: row => $.max(row.id), at: row => $.max(row.createdAt) })
      return database.select(ends, { at: { $lt: new Date(before) } }).execute()
    })
    return idle.map(({ scope, id }) => ({ scope, id: Number(id) }))
  }
}
