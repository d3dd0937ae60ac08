import type { Context, h, Session } from 'koishi'
import { Config } from './config'
import { activityLine } from './line'
import type { Component, Fields } from './line'

export { Config }

export const name = 'activity-log'

declare module 'koishi' {
  interface Events {
    /** Asked by other plugins that store texts of people: whether the operator wants them. */
    'activity-log/keeps-text'(): boolean | undefined
  }
}

/** The part of an outcome of koishi-plugin-gemini-chat that is logged. */
interface Outcome {
  result: string
  reason?: string
  model?: string
  promptTokens: number
  answerTokens: number
  ms: number
  firstTextMs?: number
}

/** The part of a refused callback of koishi-plugin-adapter-wecom-bot that is logged. */
interface Refusal {
  reason: string
  status: number
  path: string
}

/** Turns whose end has not been seen are forgotten after this many newer ones. */
const MAX_OPEN_TURNS = 10_000

/** The types of the parts of a message, e.g. `text+img`. */
function kindOf(elements: h[] = []): string {
  const kinds = elements.map(({ type }) => type).filter(type => type !== 'at')
  return [...new Set(kinds)].join('+') || 'empty'
}

/** Who, where and which message. */
function addressOf({ userId, isDirect, channelId, messageId }: Session): Fields {
  return { user: userId, chat: isDirect ? 'direct' : channelId, msgid: messageId }
}

/**
 * Logs every message, answer, refusal and push, and refused callbacks, as one line each, which can be found by platform
 * and component. The lines have no text unless the setting asks for it.
 */
export function apply(ctx: Context, config: Config) {
  const logger = ctx.logger('activity')
  /** When each message arrived, how many messages were sent in reply, and how many of them failed. By session id. */
  const turns = new Map<number, { at: number, sent: number, failed: number }>()

  function log(session: Session, component: Component, fields: Fields) {
    logger.info('%s', activityLine(session.platform, component, fields))
  }

  const textOf = (session: Session) => config.text ? session.content ?? '' : undefined

  // Prepended: before a middleware can answer or throw.
  ctx.middleware((session, next) => {
    turns.set(session.id, { at: performance.now(), sent: 0, failed: 0 })
    if (turns.size > MAX_OPEN_TURNS) turns.delete(turns.keys().next().value!)
    log(session, 'Message', { ...addressOf(session), kind: kindOf(session.elements), text: textOf(session) })
    return next()
  }, true)

  ctx.on('before-send', (session, options) => {
    const source = options?.session
    const turn = source && turns.get(source.id)
    if (turn) turn.sent++
    if (source) return
    log(session, 'Push', { ...addressOf(session), user: undefined, kind: kindOf(session.elements), text: textOf(session) })
  })

  // Koishi emits this when all middleware of a message has ended.
  ctx.on('middleware', (session) => {
    const turn = turns.get(session.id)
    if (!turn) return
    turns.delete(session.id)
    const ms = Math.round(performance.now() - turn.at)
    const messages = Math.max(0, turn.sent - turn.failed)
    const outcome = messages ? 'replied' : turn.failed ? 'failed' : 'silent'
    log(session, 'Reply', { ...addressOf(session), messages, failed: turn.failed || undefined, ms, outcome })
  })

  // Emitted by koishi-plugin-adapter-wecom-bot and koishi-plugin-dingtalk-companion.
  for (const event of ['wecom-bot/send-failed', 'dingtalk-companion/send-failed']) {
    ctx.on(event as never, ((session: Session, error: Error & { code?: string }, source?: Session) => {
      const turn = source && turns.get(source.id)
      if (turn) turn.failed++
      const address = { ...addressOf(session), user: source?.userId, msgid: source?.messageId }
      const reason = error.code ?? error.name
      log(session, source ? 'Reply' : 'Push', { ...address, kind: kindOf(session.elements), outcome: 'failed', reason })
    }) as never)
  }

  // Emitted by koishi-plugin-gemini-chat, which may not be installed.
  ctx.on('gemini/outcome' as never, ((outcome: Outcome, session: Session) => {
    const { result, reason, model, promptTokens, answerTokens, ms, firstTextMs } = outcome
    log(session, 'AIHandler', {
      ...addressOf(session), model, tokens: model && `${promptTokens}+${answerTokens}`,
      firsttext: firstTextMs, ms: model && ms, outcome: result, reason,
    })
  }) as never)

  ctx.on('activity-log/keeps-text', () => config.text || undefined)

  // Emitted by koishi-plugin-adapter-wecom-bot, which counts a flood of them and tells the first ones only.
  ctx.on('wecom-bot/callback-refused' as never, (({ path, status, reason }: Refusal) => {
    logger.info('%s', activityLine('wecom-bot', 'Callback', { path, status, outcome: 'refused', reason }))
  }) as never)

  ctx.on('dispose', () => turns.clear())
}
