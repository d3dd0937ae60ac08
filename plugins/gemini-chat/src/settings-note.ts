import { SettingsNote } from 'common/settings'
import type { Context } from 'koishi'
import type { KeyPool } from './model/key-pool'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'

/** Keeps the note above the settings: that there is no API key, or which keys Google refuses. */
export function keepNote(ctx: Context, keyPool: Pick<KeyPool, 'status'>) {
  const note = new SettingsNote(ctx, { zh: zhCN['gemini-chat'].note, en: enUS['gemini-chat'].note })
  const show = () => {
    const keys = keyPool.status()
    const refused = keys.filter(key => key.refused).map(({ position, tail }) => tail ? `#${position} …${tail}` : `#${position}`)
    if (!keys.length) note.show('warning', 'no-key')
    else if (refused.length) note.show('danger', refused.length === keys.length ? 'all-refused' : 'refused', { keys: refused.join(', ') })
    else note.clear()
  }
  ctx.on('gemini/outcome', show)
  show()
}
