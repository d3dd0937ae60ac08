import { hashStoredKeys, isRowKey, rowKey } from 'common/database'
import type { Clock } from 'common/time'
import type { Context } from 'koishi'
import { expired, removeExpired } from './expiry'

type Database = Context['database']

/** The key that earlier versions gave a message, `<bot id>/<msgid>`, or a card, `<bot id>/<task_id>`. */
export function oldKey(botId: string, id: string): string {
  return `${botId}/${id}`
}

/**
 * Replaces the keys of earlier versions, which contained ids as they came. It may be interrupted and run again.
 * @throws what the database throws
 */
export async function replaceOldKeys(database: Database, clock: Clock) {
  await removeExpired(database, expired(clock))
  const keyOfTask = ({ task }: { task: string }) => {
    // The id of a bot may contain a slash, a `task_id` does not.
    const slash = task.lastIndexOf('/')
    return rowKey(task.slice(0, slash), task.slice(slash + 1))
  }
  await hashStoredKeys(database, { table: 'wecom_bot_card', column: 'task', keyOf: keyOfTask })
  await hashStoredKeys(database, { table: 'wecom_bot_answer', column: 'task', keyOf: keyOfTask })
  await hashStoredKeys(database, { table: 'wecom_bot_answer', column: 'userId', keyOf: ({ userId }) => rowKey(userId) })
  await hashStoredKeys(database, { table: 'wecom_bot_opinion', column: 'stream', keyOf: ({ stream }) => rowKey(stream) })
  await hashStoredKeys(database, { table: 'wecom_bot_opinion', column: 'userId', keyOf: ({ userId }) => rowKey(userId) })
  await replaceGroupKeys(database)
  await hashStoredKeys(database, {
    table: 'wecom_bot_turn',
    column: 'message',
    keyOf: ({ botId, msgId }) => rowKey(botId, msgId),
  })
}

/** Apart from the others: the id of a group moves to a column of its own. There are two rows per bot at most. */
async function replaceGroupKeys(database: Database) {
  for (const { botId, chatId } of await database.get('wecom_bot_group', {})) {
    if (isRowKey(chatId)) continue
    await database.upsert('wecom_bot_group', [{ botId: rowKey(botId), chatId: rowKey(chatId), chat: chatId }])
    await database.remove('wecom_bot_group', { botId, chatId })
  }
}
