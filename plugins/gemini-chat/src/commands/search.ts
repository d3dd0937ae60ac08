import type { Context, h, Session } from 'koishi'
import type { Chat } from '../chat/chat'
import { describe } from '../messages/error-messages'
import { say } from '../messages/i18n'

const words: [RegExp, boolean | undefined][] = [
  [/^(on|开|打开|开启)$/i, true],
  [/^(off|关|关闭)$/i, false],
  [/^(default|默认)$/i, undefined],
]

/** `gemini.search`: shows or switches whether the model may search the web in this conversation. */
export function registerSearch(ctx: Context, chat: Chat) {
  ctx.command('gemini.search [state]').action(({ session }, state) => choose(chat, session!, state))
}

async function choose(chat: Chat, session: Session, state?: string): Promise<h[]> {
  const { choices, config, logger } = chat.core
  const key = await chat.locate(session)
  if (!state) {
    const { search = config.search } = await choices.load(key)
    return say(session, search ? 'search.current-on' : 'search.current-off')
  }
  const word = words.find(([pattern]) => pattern.test(state))
  if (!word) return say(session, 'search.unknown')
  try {
    await choices.choose(key, { search: word[1] })
    return say(session, word[1] ?? config.search ? 'search.on' : 'search.off')
  } catch (error) {
    logger.warn('a choice could not be stored: %s', describe(error))
    return say(session, 'errors.choice')
  }
}
