import { SettingsNote } from 'common/settings'
import { Universal } from 'koishi'
import type { Bot, Context } from 'koishi'
import type {} from '@koishijs/plugin-server'
import { canonical } from './callback/endpoint'
import { modeOf } from './config'
import type { Config } from './config'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'

/** Both languages of a text of the form `中文 / English`; of any other text the whole. */
function languagesOf(text: string) {
  const [zh, en = zh] = text.split(' / ')
  return { zh, en }
}

/**
 * Keeps the note above the bot's settings: the URL for WeCom's console, and whether WeCom reaches the bot.
 * @param isStandby whether another instance holds the long connection
 */
export function keepNote(ctx: Context, bot: Bot<Context, Config>, isStandby: () => boolean) {
  const note = new SettingsNote(ctx, { zh: zhCN['wecom-bot'].note, en: enUS['wecom-bot'].note })
  const path = canonical(bot.config.path)
  const isCallback = modeOf(bot.config) === 'callback'
  /** Why the last callback before the first verified one was refused. */
  let refusal = ''

  function show() {
    const isOnline = bot.status === Universal.Status.ONLINE
    if (!isCallback) {
      if (isOnline) return note.show('success', 'connected')
      if (isStandby()) return note.show('primary', 'standby')
      const { error } = bot
      return error instanceof Error
        ? note.show('danger', 'disconnected', languagesOf(error.message))
        : note.show('primary', 'connecting')
    }
    const selfUrl = ctx.get('server')?.config.selfUrl
    const url = (selfUrl || 'https://…') + bot.config.path
    if (isOnline) return note.show('success', 'reached', { url })
    if (refusal) return note.show('danger', 'refused', { url, ...languagesOf(refusal) })
    note.show('warning', selfUrl ? 'waiting' : 'waiting-without-domain', { url })
  }

  ctx.on('wecom-bot/callback-refused', (event) => {
    if (canonical(event.path) !== path) return
    refusal = event.hint
    show()
  })
  ctx.on('bot-status-updated', changed => changed.sn === bot.sn && show())
  ctx.inject(['server'], () => show())
  show()
}
