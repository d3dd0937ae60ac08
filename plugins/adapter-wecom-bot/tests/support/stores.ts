import { join } from 'node:path'
import type { Context } from 'koishi'
import { createDatabaseStores } from '../../src/storage/database'
import type { Stores } from '../../src/storage/stores'
import { createMemoryStores } from '../../src/storage/stores'
import { FakeClock } from 'common/testing'
import { createFolder, openDatabase, silence } from './database'

export const DAY = 24 * 3600_000
export const RETENTION = 10 * 60_000

export interface MemoryWorld {
  stores: Stores
  clock: FakeClock
}

export interface DatabaseWorld extends MemoryWorld {
  app: Context
  /** Opens the same database as another process would. */
  another(botId?: string): Stores
}

type Folder = Awaited<ReturnType<typeof createFolder>>

async function openMemory(): Promise<MemoryWorld> {
  const clock = new FakeClock()
  return { clock, stores: createMemoryStores(clock) }
}

/** @param file SQLite file; Koishi's in-memory database unless given */
export async function openStores(file?: string): Promise<DatabaseWorld> {
  const clock = new FakeClock()
  const app = await openDatabase(file)
  const another = (botId = 'BOT') => createDatabaseStores(app, RETENTION, botId, clock)
  return { app, clock, another, stores: another() }
}

/** Runs the same specs over the given kinds of stores; each spec gets fresh ones. */
function describeEach<T extends MemoryWorld>(
  title: string,
  kinds: Record<string, (folder: Folder) => Promise<T>>,
  specs: (world: () => T) => void,
) {
  for (const [kind, open] of Object.entries(kinds)) {
    describe(`${title} ${kind}`, () => {
      let world: T & { app?: Context }
      let folder: Folder
      let restoreLog: () => void

      before(async () => {
        restoreLog = silence()
        folder = await createFolder()
      })

      after(async () => {
        await folder.remove()
        restoreLog()
      })

      beforeEach(async () => {
        world = await open(folder)
      })

      afterEach(async () => {
        await world.stores.dispose()
        await world.app?.stop()
      })

      specs(() => world)
    })
  }
}

let serial = 0

const databases = {
  'in the database "memory"': () => openStores(),
  'in the database "sqlite"': (folder: Folder) => openStores(join(folder.path, `${++serial}.db`)),
}

/** Over memory and over both databases. */
export function describeStores(title: string, specs: (world: () => MemoryWorld) => void) {
  describeEach<MemoryWorld>(title, { 'in memory': openMemory, ...databases }, specs)
}

/** Over both databases. */
export function describeDatabaseStores(title: string, specs: (world: () => DatabaseWorld) => void) {
  describeEach<DatabaseWorld>(title, databases, specs)
}
