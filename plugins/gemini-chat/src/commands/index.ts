import { h } from 'koishi'
import type { Context, Session } from 'koishi'
import type { Chat } from '../chat/chat'
import { ConversationCommands } from './conversation'
import { textOf } from '../chat/prompt'
import { PreferenceCommands } from './choices'

/**
 * Subcommands that may be written with a space instead of a dot, and the arguments they take. Help texts write them so,
 * but Koishi takes only the dot.
 */
const spaced: Record<string, RegExp> = {
  reset: /^$/,
  stop: /^$/,
  retry: /^$/,
  compact: /^$/,
  usage: /^$/,
  doctor: /^$/,
  back: /^\d*$/,
  model: /^\S*$/,
  preset: /^\S*$/,
  scope: /^\S*$/,
  search: /^\S*$/,
}

/**
 * Short names of commands in messages to the bot. They are not Koishi aliases, because those work in groups even when
 * the bot is not addressed, and words like `停止` are common there.
 */
const shortcuts: [RegExp, string][] = [
  [/^新对话$/, 'reset'],
  [/^停止$/, 'stop'],
  [/^(?:重新回答|重答)$/, 'retry'],
  [/^回退(?: ?(\d+))?$/, 'back'],
  [/^压缩对话$/, 'compact'],
  [/^(?:切换)?模型(?: (\S+))?$/, 'model'],
  [/^(?:切换)?预设(?: (\S+))?$/, 'preset'],
  [/^对话范围(?: (\S+))?$/, 'scope'],
  [/^联网搜索(?: (\S+))?$/, 'search'],
  [/^用量$/, 'usage'],
  [/^诊断$/, 'doctor'],
]

/** A question without the word `提问` before it. */
export function questionIn(body: h[]): h[] {
  const [first, ...rest] = body
  if (first?.type !== 'text' || !/^\s*提问\s+\S/.test(first.attrs.content)) return body
  return [h.text(first.attrs.content.replace(/^\s*提问\s+/, '')), ...rest]
}

/** Registers the commands. Their descriptions are in `locales/`. */
export function registerCommands(ctx: Context, chat: Chat) {
  const conversation = new ConversationCommands(chat)
  const preferences = new PreferenceCommands(chat)

  // The prompt cites the quoted message. Koishi would append it to the question as well.
  ctx.command('gemini [question:el]', { captureQuote: false }).action(({ session }, question = []) => {
    const [, name = '', argument = ''] = /^(\w+)(?:\s+(.+))?$/.exec(textOf(question).trim()) ?? []
    const isCommand = Object.hasOwn(spaced, name) && spaced[name].test(argument) && isKnown(ctx, name)
    return isCommand ? run(ctx, session!, name, argument) : chat.answer(session!, question)
  })

  ctx.command('gemini.reset').option('all', '-a').action(({ session, options }) => conversation.reset(session!, options?.all))
  ctx.command('gemini.stop').action(({ session }) => conversation.stop(session!))
  ctx.command('gemini.retry').action(({ session }) => conversation.retry(session!))
  ctx.command('gemini.back [count:posint]').action(({ session }, count = 1) => conversation.back(session!, +count))
  ctx.command('gemini.compact').action(({ session }) => conversation.compact(session!))
  ctx.command('gemini.model [name]').action(({ session }, name) => preferences.model(session!, name))
  ctx.command('gemini.preset [name:text]').action(({ session }, name) => preferences.preset(session!, name))
  ctx.command('gemini.scope [kind]').action(({ session }, kind) => preferences.scope(session!, kind))
  ctx.command('gemini.search [state]').action(({ session }, state) => preferences.search(session!, state))
}

/** Runs the command whose short name a message to the bot is. @returns undefined if it is none */
export function shortcut(ctx: Context, session: Session, body: h[]): Promise<h[]> | undefined {
  const text = commandText(body)
  for (const [pattern, name] of shortcuts) {
    const match = pattern.exec(text)
    if (match && isKnown(ctx, name)) return run(ctx, session, name, match[1])
  }
}

/**
 * The text of a message that may be a short name: without mentions of others, a command prefix, and the full stop or
 * exclamation mark that voice input adds.
 */
function commandText(body: h[]): string {
  const text = textOf(body.filter(({ type }) => type !== 'at')).trim()
  return text.replace(/^(?:[@＠]\S+\s+)+/, '').replace(/^[/／]\s*/, '').replace(/[\s。．.!！~～…，,、；;]+$/, '')
}

function isKnown(ctx: Context, name: string) {
  return !!ctx.$commander.get(`gemini.${name}`)
}

/** Runs a command through Koishi, which checks authority, limits and filters. */
function run(ctx: Context, session: Session, name: string, argument?: string): Promise<h[]> {
  return session.execute({ name: `gemini.${name}`, args: argument ? [argument] : [], options: {} }, true)
}
