import { SettingsNote } from 'common/settings'
import { Universal } from 'koishi'
import type { Context } from 'koishi'
import { isStockBot } from './api/stock-bot'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'

/** Keeps the note above the settings: whether there is an adapter, and whether it is connected. */
export function keepNote(ctx: Context) {
  const note = new SettingsNote(ctx, { zh: zhCN['dingtalk-companion'].note, en: enUS['dingtalk-companion'].note })
  const show = () => {
    const bots = ctx.bots.filter(isStockBot)
    const offline = bots.find(bot => bot.status !== Universal.Status.ONLINE)
    if (!bots.length) return note.show('warning', 'no-adapter')
    if (!offline) return note.show('success', 'connected')
    const { error } = offline
    if (error instanceof Error) note.show('danger', 'disconnected', { reason: error.message })
    else note.show('primary', 'connecting')
  }
  for (const event of ['bot-added', 'bot-removed', 'bot-status-updated'] as const) ctx.on(event, show)
  ctx.on('ready', show)
}
