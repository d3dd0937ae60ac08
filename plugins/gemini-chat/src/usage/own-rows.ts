import { randomUUID } from 'node:crypto'
import { LruMap } from 'common/collections'
import type { Context } from 'koishi'
import { placeKeys } from './usage-table'
import type { StoredUsageRow, UsageCounts, UsageRow } from './usage-table'

interface OwnRow {
  row: StoredUsageRow
  /** Whether the row is in the database; `unsure` after a failure. */
  state: 'new' | 'stored' | 'unsure'
}

/** Places of one day that are remembered. What comes back after that begins another row. */
const CAPACITY = 10_000

/**
 * The rows that this process writes. They hold whole counts, so that a row that is written again, after a failure for
 * instance, counts nothing twice.
 */
export class OwnUsageRows {
  private readonly rows = new LruMap<string, OwnRow>({ capacity: CAPACITY })
  private readonly dirty = new Set<OwnRow>()

  /** Adds to the row of a place. */
  add(place: Omit<UsageRow, keyof UsageCounts>, counts: UsageCounts) {
    const { day, user, channel, model } = place
    const id = JSON.stringify([day, user, channel, model])
    let own = this.rows.get(id)
    if (!own) {
      const none = { requests: 0, errors: 0, prompt: 0, answer: 0 }
      const row = { day, user, channel, model, ...none, ...placeKeys(place), key: randomUUID() }
      this.rows.set(id, own = { row, state: 'new' })
    }
    own.row.requests += counts.requests
    own.row.errors += counts.errors
    own.row.prompt += counts.prompt
    own.row.answer += counts.answer
    this.dirty.add(own)
  }

  /**
   * Writes what has changed.
   * @throws what the database throws; the rest is written next time
   */
  async write(database: Context['database']) {
    for (const own of [...this.dirty]) {
      this.dirty.delete(own)
      try {
        await store(database, own)
      } catch (error) {
        own.state = 'unsure'
        if (this.dirty.size < CAPACITY) this.dirty.add(own)
        throw error
      }
    }
  }
}

async function store(database: Context['database'], own: OwnRow) {
  const { state, row } = own
  const { key, requests, errors, prompt, answer } = row
  switch (state) {
    case 'new':
      await database.create('gemini_token_usage', { ...row })
      break
    case 'stored': {
      const { matched } = await database.set('gemini_token_usage', { key }, { requests, errors, prompt, answer })
      if (!matched) await database.upsert('gemini_token_usage', [{ ...row }], 'key')
      break
    }
    case 'unsure':
      await database.upsert('gemini_token_usage', [{ ...row }], 'key')
      break
    default: state satisfies never
  }
  own.state = 'stored'
}
