import memory from '@koishijs/plugin-database-memory'
import sqlite from '@minatojs/driver-sqlite'
import { DatabaseAccess } from 'common/database'
import { settle } from 'common/testing'
import type { FakeClock } from 'common/testing'
import { Context } from 'koishi'
import { declareTables } from '../../src/storage/tables'

export const databases = { memory: [memory, {}], SQLite: [sqlite, { path: ':memory:' }] } as const

export type DatabaseName = keyof typeof databases

/** An app with a database and the tables of the plugin. */
export async function openDatabase(name: DatabaseName): Promise<Context> {
  const app = new Context()
  const [plugin, config] = databases[name]
  app.plugin(plugin as never, config)
  declareTables(app)
  await app.start()
  while (!app.get('database')) await settle()
  return app
}

export function accessOf(app: Context, clock: FakeClock, lines: string[] = []): DatabaseAccess {
  const log = (format: string) => void lines.push(format)
  return new DatabaseAccess(app, { clock, logger: { info: log, warn: log } as never, subject: 'it' })
}

/** Noon in this machine's time zone. */
export const NOON = new Date(2026, 10, 26, 12, 30).getTime()
