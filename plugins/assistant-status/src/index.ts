import { DatabaseAccess } from 'common/database'
import { SystemClock } from 'common/time'
import type { Context } from 'koishi'
import type {} from '@koishijs/plugin-console'
import { Config } from './config'
import { answerPage } from './console/listeners'
import { findPage } from './console/page-files'
import { record } from './recording/recorder'
import { Statistics } from './report/statistics'
import { ActivityStore } from './storage/activity-store'
import { carryOverUsage } from './storage/carry-over'
import { RatingStore } from './storage/rating-store'
import { declareTables } from './storage/tables'

declare module 'koishi' {
  interface Events {
    /** The page wants to know how the assistant is: listeners add a part each, an object with its `source`. */
    'assistant-status/now'(parts: object[]): void
    /** Answered by koishi-plugin-activity-log, which has the one setting for texts. */
    'activity-log/keeps-text'(): boolean | undefined
  }
}

export { Config }

/** The start of the instance comes first. */
const CARRY_OVER_DELAY_MS = 15_000
const CARRY_OVER_RETRY_MS = 300_000

export const name = 'assistant-status'

export const inject = { console: { required: false }, database: { required: false } }

export function apply(ctx: Context, { retention }: Config) {
  declareTables(ctx)
  const clock = new SystemClock()
  const now = () => clock.now()
  const access = new DatabaseAccess(ctx, { clock, logger: ctx.logger('assistant-status'), subject: 'statistics' })
  const activity = new ActivityStore(access, clock, retention)
  const ratings = new RatingStore(access, clock, retention)
  const keepsText = () => ctx.bail('activity-log/keeps-text') === true
  const statistics = new Statistics(access, ratings, now, keepsText)
  record(ctx, { activity, ratings, keepsText })
  ctx.inject(['database'], () => void ratings.sweep())
  const carryingOver = new AbortController()
  const carryOver = async () => {
    for (let delay = CARRY_OVER_DELAY_MS; !carryingOver.signal.aborted; delay = CARRY_OVER_RETRY_MS) {
      await waitFor(clock, delay, carryingOver.signal)
      if (carryingOver.signal.aborted || !access.isLoaded) continue
      if (await access.guard(() => carryOverUsage(ctx, access, now(), retention))) return
    }
  }
  // Once all plugins are loaded: the usage belongs to one of them.
  ctx.on('ready', () => void carryOver())
  ctx.inject(['console'], (ctx) => {
    answerPage(ctx, { flush: () => activity.flush(), now, statistics })
    const page = findPage('koishi-plugin-assistant-status')
    ctx.console.addEntry({ dev: page, prod: page })
  })
  // Before the database is disposed.
  ctx.on('exit', async () => void await activity.flush())
  ctx.on('dispose', () => {
    void activity.flush()
    carryingOver.abort()
    clock.dispose()
  })
}

/** Waits without keeping the process alive. */
function waitFor(clock: SystemClock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clock.clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.setTimeout(end, delayMs)
    signal.addEventListener('abort', end)
  })
}
