import type { Context, h, Session } from 'koishi'
import type { Chat } from './chat'
import { textOf } from './prompt'

/** `gemini`, `gemini.reset` and `gemini.stop`; what they say about themselves stands in `locales/`. */
export function registerCommands(ctx: Context, chat: Chat) {
  const subcommands = new Map<string, (session: Session) => h[] | Promise<h[]>>([
    ['reset', session => chat.reset(session)],
    ['stop', session => chat.stop(session)],
  ])

  // Quotations are part of the prompt. Koishi would append them to the question.
  ctx.command('gemini [question:el]', { captureQuote: false })
    .alias('提问')
    .action(({ session }, question = []) => {
      // The help writes them with a space, which Koishi does not understand where a command takes arguments.
      const subcommand = subcommands.get(textOf(question).trim())
      return subcommand ? subcommand(session!) : chat.answer(session!, question)
    })

  ctx.command('gemini.reset').alias('新对话').action(({ session }) => chat.reset(session!))
  ctx.command('gemini.stop').alias('停止').action(({ session }) => chat.stop(session!))
}
