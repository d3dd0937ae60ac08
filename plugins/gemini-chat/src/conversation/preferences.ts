import { eachSlice, rowKey } from 'common/database'
import type { DatabaseAccess } from 'common/database'
import type { Clock } from 'common/time'
import { systemClock } from 'common/time'
import type { Context } from 'koishi'
import { ExpiringMap, LruMap } from 'common/collections'
import type { Scope } from './scope'
import type { SharedValues } from '../instances/shared-values'

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

/** One choice. Each has a row of its own, so that two that are made at the same time do not undo each other. */
export interface PreferenceRow {
  /** Row key of owner and name. */
  key: string
  /** Row key of a conversation or a channel; empty in rows of earlier versions, which hold all its choices. */
  owner: string
  choices: Preferences
}

/** Declares the table. Works before a database is loaded. */
export function declarePreferenceTable(ctx: Context) {
  ctx.model.extend('gemini_choice', { key: 'string(255)', owner: 'string(64)', choices: 'json' }, {
    primary: 'key', indexes: ['owner'],
  })
}

const SLICE_ROWS = 100

/**
 * Brings rows of earlier versions into the form of this one. It may be interrupted and run again.
 * @throws what the database throws
 */
export async function carryOverPreferences(database: Context['database']) {
  const read = () => database.get('gemini_choice', { owner: '' }, { limit: SLICE_ROWS })
  await eachSlice(read, async (former) => {
    const rows = former.flatMap(({ key, choices }) => rowsOf(key, choices))
    if (rows.length) await database.upsert('gemini_choice', rows, 'key')
    await database.remove('gemini_choice', { key: former.map(({ key }) => key) })
  })
}

/** One message needs the same preferences twice. Changes by other processes are seen after this time. */
const CACHE_MS = 1000
const CACHE_CAPACITY = 1000

/** As long as a conversation may be idle, and longer. */
const SHARED_TTL_MS = 400 * 86_400_000

/** Stores preferences: in the database while one is loaded, otherwise the most recent ones in memory. */
export class PreferenceStore {
  private readonly memory: LruMap<string, Preferences>
  private readonly recent: ExpiringMap<Preferences>

  /**
   * @param capacity most conversations in memory
   * @param shared where all instances look first
   */
  constructor(
    private readonly access: DatabaseAccess, capacity = 5000, clock: Pick<Clock, 'monotonic'> = systemClock,
    private readonly shared?: SharedValues,
  ) {
    this.memory = new LruMap({ capacity })
    this.recent = new ExpiringMap(clock, CACHE_MS, CACHE_CAPACITY)
  }

  /**
   * @param others keys that will be asked for next, and are read with it
   * @returns nothing where the database fails: the settings apply then
   */
  async load(key: string, ...others: string[]): Promise<Preferences> {
    const shared = this.shared?.isActive ? await this.shared.read<Preferences>(sharedKey(key)) : undefined
    return shared ?? this.loadOwn(key, ...others)
  }

  private async loadOwn(key: string, ...others: string[]): Promise<Preferences> {
    if (!this.access.isLoaded) return this.memory.get(key) ?? {}
    const known = this.recent.get(key)
    if (known) return known
    await this.access.try(database => this.read(database, [key, ...others]))
    return this.recent.get(key) ?? {}
  }

  /**
   * Changes some preferences; `undefined` removes one.
   * @throws the database's error, because the user is told whether it worked
   */
  async update(key: string, changes: Preferences) {
    if (this.shared?.isActive) {
      const edit = async (shared?: Preferences) => merge(shared ?? await this.loadOwn(key), changes)
      return this.shared.edit(sharedKey(key), SHARED_TTL_MS, edit)
    }
    if (!this.access.isLoaded) return this.store(key, merge(this.memory.get(key), changes))
    await this.access.run(async (database) => {
      await this.read(database, [key])
      const rows = rowsOf(key, changes)
      const removed = Object.keys(changes).filter(name => changes[name as keyof Preferences] === undefined)
      if (rows.length) await database.upsert('gemini_choice', rows, 'key')
      if (removed.length) await database.remove('gemini_choice', { key: removed.map(name => rowKey(key, name)) })
      this.recent.set(key, merge(this.recent.get(key), changes))
    })
  }

  /**
   * Removes all preferences.
   * @throws the database's error
   */
  async clear(key: string) {
    if (this.shared?.isActive) return this.shared.edit(sharedKey(key), SHARED_TTL_MS, async () => ({}))
    this.memory.delete(key)
    this.recent.delete(key)
    if (this.access.isLoaded) {
      await this.access.run(database => database.remove('gemini_choice', { owner: rowKey(key) }))
    }
  }

  private store(key: string, choices: Preferences) {
    if (Object.keys(choices).length) this.memory.set(key, choices)
    else this.memory.delete(key)
  }

  private async read(database: Context['database'], keys: string[]) {
    const rows = await database.get('gemini_choice', { owner: keys.map(key => rowKey(key)) })
    for (const key of keys) {
      const own = rows.filter(({ owner }) => owner === rowKey(key))
      this.recent.set(key, Object.assign({}, ...own.map(({ choices }) => choices)) as Preferences)
    }
  }
}

function sharedKey(key: string) {
  return `preferences/${key}`
}

function rowsOf(key: string, choices: Preferences): PreferenceRow[] {
  return Object.entries(choices).filter(([, value]) => value !== undefined).map(([name, value]) => {
    return { key: rowKey(key, name), owner: rowKey(key), choices: { [name]: value } }
  })
}

function merge(choices: Preferences = {}, changes: Preferences): Preferences {
  return Object.fromEntries(Object.entries({ ...choices, ...changes }).filter(([, value]) => value !== undefined))
}
