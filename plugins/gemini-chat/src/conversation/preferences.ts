import type { Context } from 'koishi'
import { LruMap } from 'common/collections'
import type { Scope } from './scope'

declare module 'koishi' {
  interface Tables {
    gemini_choice: PreferenceRow
  }
}

/** What was chosen for a conversation, or for the place it is held in. What is missing is as the settings have it. */
export interface Preferences {
  /** Of a place: how people share it. */
  scope?: Scope
  model?: string
  preset?: string
  /** Whether the model may search the web. */
  search?: boolean
}

/** By the name of a conversation or a place. */
export interface PreferenceRow {
  key: string
  choices: Preferences
}

/** Declares the table. It may be called before there is a database. */
export function declarePreferenceTable(ctx: Context) {
  ctx.model.extend('gemini_choice', { key: 'string(255)', choices: 'json' }, { primary: 'key' })
}

/** Remembers choices: in the database while there is one, else in memory, those that were made last. */
export class PreferenceStore {
  private readonly memory: LruMap<string, Preferences>

  /** @param report is told when choices cannot be read; the settings count then */
  constructor(
    private readonly ctx: Context,
    private readonly report: (error: unknown) => void,
    capacity = 5000,
  ) {
    this.memory = new LruMap({ capacity })
  }

  async load(key: string): Promise<Preferences> {
    try {
      return await this.read(key)
    } catch (error) {
      this.report(error)
      return {}
    }
  }

  /**
   * Changes some choices. One that is undefined is taken back.
   * @throws the database's error: who is told that something was chosen must be able to rely on it
   */
  async update(key: string, changes: Preferences) {
    const choices = Object.fromEntries(Object.entries({ ...await this.read(key), ...changes })
      .filter(([, value]) => value !== undefined))
    const database = this.ctx.get('database')
    if (!Object.keys(choices).length) return this.clear(key)
    if (database) await database.upsert('gemini_choice', [{ key, choices }], 'key')
    else this.memory.set(key, choices)
  }

  /**
   * Takes all choices back.
   * @throws the database's error
   */
  async clear(key: string) {
    this.memory.delete(key)
    await this.ctx.get('database')?.remove('gemini_choice', { key })
  }

  private async read(key: string): Promise<Preferences> {
    const database = this.ctx.get('database')
    if (!database) return this.memory.get(key) ?? {}
    const [row] = await database.get('gemini_choice', { key })
    return row?.choices ?? {}
  }
}
