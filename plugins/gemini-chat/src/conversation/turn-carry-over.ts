import { eachSlice, rowKey } from 'common/database'
import type { Context } from 'koishi'

type Database = Context['database']

/** The keys of conversations in earlier versions begin with their scope. As ranges, the index finds them. */
const FORMER_KEYS = ['channel:', 'direct:', 'user:', 'user-in-channel:'].map(prefix => ({
  scope: { $gte: prefix, $lt: prefix.replace(/:$/, ';') },
}))

const SLICE_ROWS = 50

/**
 * Brings the turns of earlier versions, whose rows have the key of their conversation as it is, into the form of this
 * one: all of them in the background, and those of a conversation before it is used. It may be interrupted and run
 * again, and two processes may run it at the same time.
 */
export class TurnCarryOver {
  private isDone = false

  /**
   * Goes through all rows, a few at a time.
   * @throws what the database throws
   */
  async all(database: Database) {
    const read = async () => {
      const rows = await database.get('gemini_turn', { $or: FORMER_KEYS }, { fields: ['id', 'scope'], limit: SLICE_ROWS })
      return rows.filter(({ scope }) => isFormerKey(scope))
    }
    await eachSlice(read, async (former) => {
      for (const scope of new Set(former.map(({ scope }) => scope))) {
        await replace(database, scope, former.filter(row => row.scope === scope).map(({ id }) => id))
      }
    })
    this.isDone = true
  }

  /**
   * Goes through the rows of one conversation.
   * @throws what the database throws
   */
  async conversation(database: Database, key: string) {
    if (this.isDone || !isFormerKey(key)) return
    const rows = await database.get('gemini_turn', { scope: key }, ['id', 'scope'])
    // Some databases find keys that differ in case as well.
    const ids = rows.filter(({ scope }) => scope === key).map(({ id }) => id)
    if (ids.length) await replace(database, key, ids)
  }
}

function isFormerKey(scope: string) {
  return /^(channel|direct|user|user-in-channel):/.test(scope)
}

async function replace(database: Database, key: string, ids: number[]) {
  await database.set('gemini_turn', { id: ids }, { scope: rowKey(key), conversation: key })
}
