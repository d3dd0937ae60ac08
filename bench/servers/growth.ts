import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from '@koishijs/plugin-database-sqlite'
import { Context, Logger } from 'koishi'
import { declareTables } from '../../plugins/adapter-wecom-bot/src/storage/tables'
import { declareTurnTable } from '../../plugins/gemini-chat/src/conversation/database-history'
import { declareUsageTable } from '../../plugins/gemini-chat/src/usage/usage-table'
import { runServer } from './child'
import { fill, numbers } from './filled-tables'
import type { SqliteDriver } from './filled-tables'

/** Rows per megabyte of a file, in the proportions of an instance that has been running for a year. */
const TURNS = 560
const USAGE_ROWS = 320
const MESSAGES = 120

/** One in so many rows is older than its table keeps it. */
const OLD = 20
const DAY_MS = 86_400_000

export interface GrowthOptions {
  megabytes: number
}

/** Writes the database of an instance that has been running for long. */
runServer(async ({ megabytes }: GrowthOptions) => {
  Logger.targets.splice(0)
  const folder = await mkdtemp(join(tmpdir(), 'bench-'))
  const file = join(folder, 'koishi.db')
  const app = new Context()
  app.plugin(Sqlite as never, { path: file })
  declareTurnTable(app)
  declareUsageTable(app)
  declareTables(app)
  await app.start()
  await new Promise<void>(resolve => void app.inject(['database'], () => resolve()))
  for (const table of ['gemini_turn', 'gemini_token_usage', 'wecom_bot_turn'] as const) await app.database.get(table, 1)
  const driver = app.database.drivers[0] as unknown as SqliteDriver
  fill(driver, () => {
    insertTurns(driver, TURNS * megabytes)
    insertUsage(driver, USAGE_ROWS * megabytes)
    insertMessages(driver, MESSAGES * megabytes)
  })
  await app.stop()
  return { port: () => 0, file: () => file, remove: () => rm(folder, { recursive: true, force: true }) }
})

/** Conversations of ten to sixty turns over a year; some have had no message for longer. */
function insertTurns(driver: SqliteDriver, rows: number) {
  const text = (length: number) => `printf('%.${length}c', '字')`
  driver._run(`${numbers(rows)}
    INSERT INTO gemini_turn (scope, conversation, contents, tokens, interrupted, createdAt)
    SELECT printf('%064x', n % ${Math.ceil(rows / 30)}), 'wecom-bot:aib:group-' || (n % ${Math.ceil(rows / 30)}),
      '[{"role":"user","parts":[{"text":"' || ${text(60)} || '"}]},{"role":"model","parts":[{"text":"' || ${text(280)} || '"}]}]',
      400, 0, ${Date.now()} - n % ${Math.ceil(rows / 30)} * ${390 * DAY_MS / Math.ceil(rows / 30)}
    FROM numbers`)
}

/** A row of a person and day: of the last year, and of some days before that. */
function insertUsage(driver: SqliteDriver, rows: number) {
  driver._run(`${numbers(rows)}
    INSERT INTO gemini_token_usage (key, day, user, channel, model, requests, errors, prompt, answer, userKey, channelKey)
    SELECT printf('%064x', n), date('now', 'localtime', '-' || (n % 380) || ' days'),
      'wecom-bot:person-' || (n % 2000), 'wecom-bot:group-' || (n % 100), 'model-' || (n % 3), 3, 0, 100, 50,
      printf('%02x%062x', n % 256, n % 2000), printf('%064x', n % 100)
    FROM numbers`)
}

/** Answered messages of a week: the text of old ones is to be erased, and some are to be removed. */
function insertMessages(driver: SqliteDriver, rows: number) {
  driver._run(`${numbers(rows)}
    INSERT INTO wecom_bot_turn (message, stream, msgId, botId, userId, chatId, content, finished, request, shown, expires)
    SELECT printf('%064x', n), printf('%032x', n), 'message-' || n, 'aib', 'person-' || (n % 2000), 'group-' || (n % 100),
      CASE n % ${OLD} WHEN 0 THEN printf('%.200c', '字') ELSE '' END, 1, '', ${Date.now() - DAY_MS},
      ${Date.now()} + n % 1000000 + (n % 7) * ${DAY_MS} - CASE n % ${OLD} WHEN 1 THEN ${7 * DAY_MS} ELSE 0 END
    FROM numbers`)
}
