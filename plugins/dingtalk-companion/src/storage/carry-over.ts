import type { Context } from 'koishi'
import { hashStoredKeys, rowKey } from 'common/database'

/**
 * Brings the rows of earlier versions into the form of this one. It may be interrupted and run again, and two processes
 * may run it at the same time.
 * @throws what the database throws
 */
export async function carryOverRows(database: Context['database']) {
  await hashStoredKeys(database, { table: 'gemini_dingtalk_card', column: 'app', keyOf: ({ app }) => rowKey(app) })
  await hashStoredKeys(database, {
    table: 'gemini_dingtalk_message',
    column: 'id',
    // App keys contain no colon.
    keyOf: ({ id }) => rowKey(id.slice(0, id.indexOf(':')), id.slice(id.indexOf(':') + 1)),
  })
  for (const { app, month, calls } of await database.get('gemini_dingtalk_usage', {})) {
    const counter = rowKey(app, 'calls')
    const key = rowKey(counter, month, 'carried over')
    await database.upsert('dingtalk_usage', [{ key, counter, month, count: calls }])
    await database.remove('gemini_dingtalk_usage', { app, month })
  }
}
