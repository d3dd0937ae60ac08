import { SystemClock } from 'common/time'
import type { Context } from 'koishi'
import { registerUsage } from './commands/usage'
import { Companion } from './companion'
import { Config } from './config'
import { keepNote } from './settings-note'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'

export { DingtalkError } from './api/error'
export type { DingtalkErrorCode } from './api/error'
export type { StreamingMode } from './config'
export type { TextState } from './turn/message-content'
export { usage } from './console-usage'
export { Config }

export const name = 'dingtalk-companion'

export const inject = { database: { required: false } }

export function apply(ctx: Context, config: Config) {
  ctx.i18n.define('zh-CN', zhCN)
  ctx.i18n.define('en-US', enUS)
  const clock = new SystemClock()
  const companion = new Companion(ctx, config, { clock, random: Math.random })
  keepNote(ctx)
  registerUsage(ctx, session => companion.describeUsage(session))
  ctx.on('assistant-status/now', parts => void parts.push(...companion.usageParts()))
  // Closing frames have to be sent before the clock stops.
  ctx.on('dispose', () => void companion.close().finally(() => clock.dispose()))
}
