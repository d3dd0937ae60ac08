import type { Context, Session } from 'koishi'
import { surviveDatabase } from './database'
import { isolateListeners } from './events'
import { isolateMiddleware } from './middleware'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'

export const name = 'isolation'

/** The same failure is logged once a minute. */
const LOG_INTERVAL_MS = 60_000
/** Failures that are told apart. */
const MAX_KINDS = 100

/**
 * Keeps the failure of one part from silencing the rest: a plugin whose middleware or listener throws, and a database
 * that fails. The person gets a sentence, the operator a line without the text of the message.
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
    logger.warn('plugin %s: %s failed, the other plugins go on', plugin, what)
    logger.warn(error)
  }

  function apologise(session: Session): string | undefined {
    if (session.isDirect || session.stripped.appel || session.stripped.atSelf) return session.text('instance.failed')
  }

  function reportDatabase(error: unknown, what: string) {
    if (!isDue(`database ${what}`)) return
    const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
    logger.warn('the database failed to %s (%s): answering without it, with the rights of new people', what, reason)
  }

  const undo = [
    isolateListeners(ctx.root, report),
    isolateMiddleware(ctx.root, report, apologise),
    surviveDatabase(ctx.root, reportDatabase),
  ]
  ctx.on('dispose', () => undo.forEach(callback => callback()))
}
