import { readdirSync } from 'node:fs'
import type { Context } from 'koishi'
import type { InstanceUsage } from './actions'
import { pendingTimers } from './time'

const MEGABYTE = 1 << 20

/** What the process uses, after a full garbage collection. */
export async function usage(ctx: Context): Promise<InstanceUsage> {
  const rows = await countRows(ctx).catch(() => ({}))
  for (let times = 0; times < 3; times++) {
    globalThis.gc!()
    await new Promise(resolve => setImmediate(resolve))
  }
  const { heapUsed, rss } = process.memoryUsage()
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles(): unknown[] }
  return {
    pid: process.pid,
    heap: heapUsed / MEGABYTE,
    rss: rss / MEGABYTE,
    handles: handles.call(process).length,
    timers: pendingTimers(),
    files: readdirSync('/proc/self/fd').length,
    rows,
  }
}

async function countRows(ctx: Context): Promise<Record<string, number>> {
  const database = ctx.get('database')
  const rows: Record<string, number> = {}
  for (const table of database ? Object.keys(database.tables) : []) {
    const { primary } = database!.tables[table as 'user']!
    rows[table] = (await database!.get(table as 'user', {}, [primary].flat() as ['id'])).length
  }
  return rows
}
