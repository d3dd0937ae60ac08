import type { DatabaseAccess } from 'common/database'
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

  /** @param capacity most conversations in memory */
  constructor(private readonly access: DatabaseAccess, capacity = 5000) {
    this.memory = new LruMap({ capacity })
  }

  /** @returns nothing where the database fails: the settings apply then */
  async load(key: string): Promise<Preferences> {
    if (!this.access.isLoaded) return this.memory.get(key) ?? {}
    return await this.access.try(database => this.read(database, key)) ?? {}
  }

  /**
   * Changes some preferences; `undefined` removes one.
   * @throws the database's error, because the user is told whether it worked
   */
  async update(key: string, changes: Preferences) {
    if (!this.access.isLoaded) return this.store(key, merge(this.memory.get(key), changes))
    await this.access.run(async (database) => {
      const choices = merge(await this.read(database, key), changes)
      if (Object.keys(choices).length) await database.upsert('gemini_choice', [{ key, choices }], 'key')
      else await database.remove('gemini_choice', { key })
    })
  }

  /**
   * Removes all preferences.
   * @throws the database's error
   */
  async clear(key: string) {
    this.memory.delete(key)
    if (this.access.isLoaded) await this.access.run(database => database.remove('gemini_choice', { key }))
  }

  private store(key: string, choices: Preferences) {
    if (Object.keys(choices).length) this.memory.set(key, choices)
    else this.memory.delete(key)
  }

  private async read(database: Context['database'], key: string): Promise<Preferences> {
    const [row] = await database.get('gemini_choice', { key })
    return row?.choices ?? {}
  }
}

function merge(choices: Preferences = {}, changes: Preferences): Preferences {
  return Object.fromEntries(Object.entries({ ...choices, ...changes }).filter(([, value]) => value !== undefined))
}
