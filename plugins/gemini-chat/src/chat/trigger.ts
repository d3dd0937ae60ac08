import { h } from 'koishi'
import type { Session } from 'koishi'

type Message = Pick<Session, 'isDirect' | 'stripped'> & Partial<Pick<Session, 'elements' | 'selfId' | 'quote'>>

/**
 * Whether a message is meant for the bot: a direct chat, or a group message that mentions or names it anywhere, or
 * replies to one of its messages.
 * @param names by which people mention the bot in plain text, see `botNames`
 */
export function isAddressed(session: Message, names: readonly string[] = []): boolean {
  const { isDirect, stripped, elements = [], selfId, quote } = session
  if (isDirect || stripped.appel || stripped.atSelf) return true
  if (selfId && (quote?.user?.id === selfId || elements.some(element => isMentionOf(element, selfId)))) return true
  const mention = mentionOf(names)
  return !!mention && elements.some(({ type, attrs }) => type === 'text' && mention.test(attrs.content))
}

/** The names by which people mention the bot where mentions are plain text: its own, and Koishi's nicknames. */
export function botNames({ bot, app }: Pick<Session, 'bot' | 'app'>): string[] {
  const { nickname } = app.koishi.config
  const names = [bot.user?.name, bot.user?.nick, ...typeof nickname === 'string' ? [nickname] : nickname as string[] ?? []]
  return names.filter(name => typeof name === 'string' && name.trim() !== '') as string[]
}

/** A message without the mentions of the bot, wherever they stand. */
export function withoutMentions(body: h[], selfId: string, names: readonly string[]): h[] {
  const mention = mentionOf(names, 'g')
  const rest = body.filter(element => !isMentionOf(element, selfId))
  if (!mention) return rest
  return rest.map(part => part.type === 'text' ? h.text(part.attrs.content.replace(mention, '$1')) : part)
}

function isMentionOf({ type, attrs }: h, id: string) {
  return type === 'at' && attrs.id === id
}

/**
 * Finds a mention in text: `@` of either width before a name, with no letter or digit before it, as in an address. A
 * text may follow without a blank, as people write in Chinese, but no letter that would continue the name.
 */
function mentionOf(names: readonly string[], flags = ''): RegExp | undefined {
  if (!names.length) return
  const choices = [...names].sort((a, b) => b.length - a.length).map((name) => {
    return name.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&') + (/\w$/.test(name) ? '(?!\\w)' : '')
  })
  return new RegExp(`(^|[^\\w.])(?:[@＠](?:${choices.join('|')})[ \\t\\u2005\\u3000]*)+`, `iu${flags}`)
}
