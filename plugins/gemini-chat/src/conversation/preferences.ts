import type { Context } from 'koishi'
import { LruMap } from 'common/collections'
import type { Scope } from './scope'

declare module 'koishi' {
  interface Tables {
    gemini_choice: PreferenceRow
  }
}

/** Choices made for a conversation or a channel. The settings apply to what is missing. */
export interface Preferences {
  /** For channels: how people share it. */
  scope?: Scope
  model?: string
  preset?: string
  /** Whether the model may search the web. */
  search?: boolean
}

export interface PreferenceRow {
  /** The key of a conversation or a channel. */
  key: string
  choices: Preferences
}

/** Declares the table. Works before a database is loaded. */
export function declarePreferenceTable(ctx: Context) {
  ctx.model.extend('gemini_choice', { key: 'string(255)', choices: 'json' }, { primary: 'key' })
}

/** Stores preferences: in the database while one is loaded, otherwise the most recent ones in memory. */
export class PreferenceStore {
  private readonly memory: LruMap<string, Preferences>

  /** @param report is called when preferences cannot be read; the settings apply then */
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
   * Changes some preferences; `undefined` removes one.
   * @throws the database's error, because the user is told whether it worked
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
   * Removes all preferences.
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
