import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import memory from '@koishijs/plugin-database-memory'
import sqlite from '@minatojs/driver-sqlite'
import { Context, Logger } from 'koishi'
import { declareTables } from '../../src/storage/tables'

/** Creates a temporary folder. */
export async function createFolder() {
  const path = await mkdtemp(join(tmpdir(), 'wecom-bot-'))
  return { path, remove: () => rm(path, { recursive: true }) }
}

/**
 * Starts Koishi with the adapter's tables and nothing else.
 * @param file SQLite file; a database in memory unless given
 * @param inMemory the plugin of the database in memory
 */
export async function openDatabase(file?: string, inMemory: unknown = memory) {
  const app = new Context()
  if (file) app.plugin(sqlite as never, { path: file } as never)
  else app.plugin(inMemory as never)
  declareTables(app)
  await app.start()
  await app.database.prepared()
  return app
}

/** Silences the log: drivers report every duplicate row. @returns a function that restores it */
export function silence() {
  const targets = Logger.targets.splice(0)
  return () => void Logger.targets.splice(0, Infinity, ...targets)
}
