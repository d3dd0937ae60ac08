import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import memory from '@koishijs/plugin-database-memory'
import sqlite from '@koishijs/plugin-database-sqlite'
import { Context, Logger } from 'koishi'
import { declareTables } from '../../src/storage/tables'

/** A folder that goes with the spec. */
export async function createFolder() {
  const path = await mkdtemp(join(tmpdir(), 'wecom-bot-'))
  return { path, remove: () => rm(path, { recursive: true }) }
}

/** Koishi with the adapter's tables, and nothing else. @param file in memory unless given */
export async function openDatabase(file?: string) {
  const app = new Context()
  if (file) app.plugin(sqlite as never, { path: file } as never)
  else app.plugin(memory as never)
  declareTables(app)
  await app.start()
  await app.database.prepared()
  return app
}

/** Nothing is logged; drivers complain of every row that is there already. */
export function silence() {
  const targets = Logger.targets.splice(0)
  return () => void Logger.targets.splice(0, Infinity, ...targets)
}

/** Waits for something that is on its way through a database. */
export async function eventually<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 500; tries++) {
    const found = await look()
    if (found) return found
    await new Promise(setImmediate)
  }
  throw new Error('it never came')
}
