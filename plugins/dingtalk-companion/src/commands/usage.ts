import { h } from 'koishi'
import type { Context, Session } from 'koishi'
import type { App } from '../api/app'
import { monthOf } from '../api/monthly-quota'
import type { MonthlyQuota } from '../api/monthly-quota'

declare module 'koishi' {
  interface Events {
    /** Emitted by gemini-chat: adds lines to what `gemini.usage` says. */
    'gemini/usage'(session: Session, lines: string[]): void
    /** Emitted by koishi-plugin-assistant-status: adds how a plugin is at this moment. */
    'assistant-status/now'(parts: object[]): void
  }
}

/** What the apps have used this month: one line for each, and one for each quota that is nearly used up. */
export function describeUsage(apps: Iterable<App>, now: number, session: Session): string[] {
  const month = monthOf(now)
  return Array.from(apps).flatMap((app) => {
    const { id, quota: { used, limit, isShort }, messages } = app
    const name = !limit ? 'unlimited' : isShort ? 'short' : 'calls'
    const messageCounts = { messages: messages.used, messageLimit: messages.limit || '∞' }
    const usage = session.text(`dingtalk-companion.usage.${name}`, { app: id, month, used, limit, ...messageCounts })
    return [usage, ...warnings(app, session)]
  })
}

function warnings({ id, messages, quota }: App, session: Session): string[] {
  const warning = (name: string, { share }: MonthlyQuota) => {
    return session.text(`dingtalk-companion.usage.${name}`, { app: id, percent: Math.floor(share * 100) })
  }
  return [
    // The line itself says that few calls are left.
    ...quota.isMostlyUsed && !quota.isShort ? [warning('most-calls', quota)] : [],
    ...messages.isMostlyUsed ? [warning(messages.isShort ? 'few-messages' : 'most-messages', messages)] : [],
  ]
}

/** The API calls and messages of this month, for the page of koishi-plugin-assistant-status. */
export function usageParts(apps: Iterable<App>, now: number): object[] {
  const counts = ({ used, limit }: App['quota']) => ({ used, limit })
  return Array.from(apps, ({ id, quota, messages }) => {
    return { source: 'dingtalk-app', id, month: monthOf(now), calls: counts(quota), messages: counts(messages) }
  })
}

/** Registers `dingtalk.usage`, and adds its lines to the usage report of gemini-chat. */
export function registerUsage(ctx: Context, describe: (session: Session) => string[]) {
  ctx.command('dingtalk')
  ctx.command('dingtalk.usage').action(({ session }) => {
    const lines = describe(session!)
    // Ids are no markup.
    return lines.length ? [h.text(lines.join('\n'))] : session!.text('dingtalk-companion.usage.none')
  })
  ctx.on('gemini/usage', (session, lines) => void lines.push(...describe(session)))
}
