import type { DatabaseAccess } from 'common/database'
import type { Clock } from 'common/time'
import type { Context } from 'koishi'
import { carryOverUsage } from './carry-over'

/** The start of the instance comes first. */
const DELAY_MS = 15_000
/** While koishi-plugin-gemini-chat or a database is not loaded, or after a failure. */
const RETRY_MS = 300_000

export interface CarryOverOptions {
  access: DatabaseAccess
  clock: Clock
  retentionDays: number
}

/** Counts the usage from before this plugin counted, a while after the start, and until that has succeeded once. */
export function scheduleCarryOver(ctx: Context, { access, clock, retentionDays }: CarryOverOptions) {
  let timer: unknown
  let isDisposed = false

  async function carryOver() {
    const isDone = access.isLoaded && await access.guard(() => carryOverUsage(ctx, access, clock.now(), retentionDays))
    if (!isDone) schedule(RETRY_MS)
  }

  function schedule(delayMs: number) {
    if (isDisposed) return
    // A timer, because a sleep would keep the process alive.
    timer = clock.setTimeout(() => void carryOver(), delayMs)
  }

  // Once all plugins are loaded: the usage belongs to one of them.
  ctx.on('ready', () => schedule(DELAY_MS))
  ctx.on('dispose', () => {
    isDisposed = true
    clock.clearTimeout(timer)
  })
}
