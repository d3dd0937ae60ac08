import type { Context, Session } from 'koishi'
import { surviveDatabase } from './database'
import { isolateListeners } from './events'
import { isolateMiddleware } from './middleware'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'

export const name = 'isolation'

/** Minimum time between two log entries for the same failure. */
const LOG_INTERVAL_MS = 60_000
/** Maximum number of distinct failures to remember. */
const MAX_KINDS = 100

/**
 * Isolates failures: middleware or listeners that throw, and a failing database. The user gets a notice, and the log an
 * entry without the text of the message.
 */
export function apply(ctx: Context) {
  ctx.i18n.define('zh-CN', zhCN)
  ctx.i18n.define('en-US', enUS)
  const logger = ctx.logger('app')
  const loggedAt = new Map<string, number>()

  function isDue(kind: string): boolean {
    const now = performance.now()
    if (now - (loggedAt.get(kind) ?? -Infinity) < LOG_INTERVAL_MS) return false
    if (loggedAt.size >= MAX_KINDS) loggedAt.clear()
    loggedAt.set(kind, now)
    return true
  }

  function report(error: unknown, what: string, plugin: string) {
    if (!isDue(`${plugin} ${what}`)) return
    logger.warn('plugin %s: %s failed, other plugins are not affected', plugin, what)
    logger.warn(error)
  }

  function failureNotice(session: Session): string | undefined {
    if (session.isDirect || session.stripped.appel || session.stripped.atSelf) return session.text('instance.failed')
  }

  function reportDatabase(error: unknown, what: string) {
    if (!isDue(`database ${what}`)) return
    const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
    logger.warn('could not %s in the database (%s), continuing without it', what, reason)
  }

  const undo = [
    isolateListeners(ctx.root, report),
    isolateMiddleware(ctx.root, report, failureNotice),
    surviveDatabase(ctx.root, reportDatabase),
  ]
  ctx.on('dispose', () => undo.forEach(callback => callback()))
}
