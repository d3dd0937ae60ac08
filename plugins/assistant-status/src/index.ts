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
import { scheduleCarryOver } from './storage/carry-over-schedule'
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
  scheduleCarryOver(ctx, { access, clock, retentionDays: retention })
  ctx.inject(['console'], (ctx) => {
    answerPage(ctx, { flush: () => activity.flush(), now, statistics })
    const page = findPage('koishi-plugin-assistant-status')
    ctx.console.addEntry({ dev: page, prod: page })
  })
  // Before the database is disposed.
  ctx.on('exit', async () => void await activity.flush())
  ctx.on('dispose', () => {
    void activity.flush()
    clock.dispose()
  })
}
