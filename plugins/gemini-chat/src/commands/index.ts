import { h } from 'koishi'
import type { Context, Session } from 'koishi'
import type { Chat } from '../chat/chat'
import { ConversationCommands } from './conversation'
import { textOf } from '../chat/prompt'
import { PreferenceCommands } from './choices'

/** Those that can be written with a space, and with what: the help does so, and Koishi does not understand it. */
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
 * Short names for commands, for whoever speaks to the bot. They are no aliases of Koishi's: those work in groups even
 * where the bot is not addressed, and `停止` is said there by many to many.
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

/** A question without the word that some put before it. */
export function questionIn(body: h[]): h[] {
  const [first, ...rest] = body
  if (first?.type !== 'text' || !/^\s*提问\s+\S/.test(first.attrs.content)) return body
  return [h.text(first.attrs.content.replace(/^\s*提问\s+/, '')), ...rest]
}

/** The commands; what they say about themselves stands in `locales/`. */
export function registerCommands(ctx: Context, chat: Chat) {
  const control = new ConversationCommands(chat)
  const selection = new PreferenceCommands(chat)

  // Quotations are part of the prompt. Koishi would append them to the question.
  ctx.command('gemini [question:el]', { captureQuote: false }).action(({ session }, question = []) => {
    const [, name = '', argument = ''] = /^(\w+)(?:\s+(.+))?$/.exec(textOf(question).trim()) ?? []
    const isCommand = Object.hasOwn(spaced, name) && spaced[name].test(argument) && isKnown(ctx, name)
    return isCommand ? run(ctx, session!, name, argument) : chat.answer(session!, question)
  })

  ctx.command('gemini.reset').option('all', '-a').action(({ session, options }) => control.reset(session!, options?.all))
  ctx.command('gemini.stop').action(({ session }) => control.stop(session!))
  ctx.command('gemini.retry').action(({ session }) => control.retry(session!))
  ctx.command('gemini.back [count:posint]').action(({ session }, count = 1) => control.back(session!, +count))
  ctx.command('gemini.compact').action(({ session }) => control.compact(session!))
  ctx.command('gemini.model [name]').action(({ session }, name) => selection.model(session!, name))
  ctx.command('gemini.preset [name:text]').action(({ session }, name) => selection.preset(session!, name))
  ctx.command('gemini.scope [kind]').action(({ session }, kind) => selection.scope(session!, kind))
  ctx.command('gemini.search [state]').action(({ session }, state) => selection.search(session!, state))
}

/** Runs the command that an addressed message is a short name of. @returns nothing when it is none */
export function shortcut(ctx: Context, session: Session, body: h[]): Promise<h[]> | undefined {
  const text = textOf(body).trim()
  for (const [pattern, name] of shortcuts) {
    const match = pattern.exec(text)
    if (match && isKnown(ctx, name)) return run(ctx, session, name, match[1])
  }
}

function isKnown(ctx: Context, name: string) {
  return !!ctx.$commander.get(`gemini.${name}`)
}

/** By way of Koishi, which looks after authority, limits and filters. */
function run(ctx: Context, session: Session, name: string, argument?: string): Promise<h[]> {
  return session.execute({ name: `gemini.${name}`, args: argument ? [argument] : [], options: {} }, true)
}
