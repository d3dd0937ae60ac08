import { createHash } from 'node:crypto'
import { h } from 'koishi'
import type { Argv, Command, Context, Session } from 'koishi'
import type { CommandToolSetting } from '../config'
import { textOf } from '../chat/prompt'
import { ToolError } from '../tools/error'
import type { ToolRegistry } from '../tools/registry'
import type { Tool } from '../tools/tool'
import { CommandParameters } from './command-parameters'

/** Sends of a command that are kept; further ones are counted only. */
const MAX_SENT_MESSAGES = 20

export interface CommandToolsOptions {
  registry: ToolRegistry<Session>
  settings: readonly CommandToolSetting[]
  timeoutMs: number
  warn(message: string): void
}

/** Keeps the commands of the setting registered as tools, whenever their plugins come and go. */
export function registerCommandTools(ctx: Context, { registry, settings, timeoutMs, warn }: CommandToolsOptions) {
  const registered = new Map<string, { command: Command, remove(): void }>()
  let isDue = false
  const update = () => {
    isDue = false
    for (const { name, confirm } of settings) {
      const command = ctx.$commander._commandList.find(command => command.name === name)
      const known = registered.get(name)
      known?.remove()
      registered.delete(name)
      if (!command) continue
      try {
        registered.set(name, { command, remove: registry.add(commandTool(ctx, command, confirm, timeoutMs)) })
      } catch (error) {
        if (!(error instanceof ToolError)) throw error
        warn(`the command ${name} cannot be a tool: ${error.message}`)
      }
    }
  }
  // Options and arguments are declared right after the command itself.
  const schedule = () => {
    if (isDue) return
    isDue = true
    queueMicrotask(() => {
      if (isDue) update()
    })
  }
  ctx.on('command-added', schedule)
  ctx.on('command-updated', schedule)
  ctx.on('command-removed', schedule)
  ctx.on('ready', () => {
    update()
    const missing = settings.filter(({ name }) => !registered.has(name)).map(({ name }) => name)
    if (missing.length) warn(`toolCommands: there is no command ${missing.join(', ')} yet; write the full name, such as deploy.status`)
  })
  ctx.on('dispose', () => {
    isDue = false
    for (const { remove } of registered.values()) remove()
  })
  schedule()
}

/**
 * A command as a tool. It runs like one that the person has typed, through Koishi's checks of permissions; what it says
 * goes to the model.
 * @throws {ToolError} where it needs an attachment
 */
function commandTool(ctx: Context, command: Command, confirm: boolean, timeoutMs: number): Tool<Session> {
  const text = (path: string, locale: string) => Object.values(ctx.i18n.get(path, [locale]))[0] ?? ''
  const parameters = new CommandParameters(command, path => text(path, 'zh-CN'))
  if (!parameters.isUsable) throw new ToolError('it takes an attachment, which a model cannot write')
  const describe = (locale: string) => {
    const about = ['description', 'usage'].map(part => text(`commands.${command.name}.${part}`, locale))
    return [`Command of the chat bot: ${command.name}.`, ...about].filter(Boolean).join('\n')
  }
  return {
    name: toolNameOf(command.name),
    title: command.name,
    get description() {
      return { zh: describe('zh-CN'), en: describe('en-US') }
    },
    parameters: parameters.schema,
    authority: 0,
    allows: session => isPermitted(ctx, command, session),
    confirm,
    timeoutMs,
    run: (args, { caller }) => runCommand(ctx, command, caller, argv => parameters.fill(argv, args)),
  }
}

/** Letters, digits, `_` and `-` of the name; other characters are replaced, and a hash keeps the names apart. */
export function toolNameOf(command: string): string {
  const plain = command.replace(/\./g, '_')
  if (/^\w[\w-]{0,47}$/.test(plain) && !command.includes('_')) return `command_${plain}`
  const hash = createHash('sha256').update(command).digest('hex').slice(0, 8)
  return `command_${plain.replace(/[^\w-]/g, '').slice(0, 40)}_${hash}`
}

/** Whether Koishi would let the person run the command: by its filter and by their permissions. */
async function isPermitted(ctx: Context, command: Command, session: Session): Promise<boolean> {
  if (!command.ctx.filter(session)) return false
  if (!ctx.get('database')) return true
  await observe(command, { session, command, args: [], options: {} })
  return ctx.permissions.test(`command:${command.name}`, session)
}

/** Loads the fields of the person and the channel that the command and the checks need. */
async function observe(command: Command, argv: Argv) {
  const session = argv.session!
  if (!session.isDirect) await session.observeChannel(session.collect('channel', argv, new Set(['permissions', 'locales'])))
  await session.observeUser(session.collect('user', argv, new Set(['authority', 'permissions', 'locales'])))
}

async function runCommand(
  ctx: Context, command: Command, session: Session, fill: (argv: Argv) => Argv,
): Promise<string> {
  const isLoaded = ctx.$commander._commandList.includes(command)
  if (!isLoaded || !command.ctx.filter(session)) throw new Error('the command is not available here')
  const sent: string[] = []
  const argv = fill({ session, command, args: [], options: {}, error: '' })
  if (ctx.get('database')) await observe(command, argv)
  argv.session = capturingSession(session, command, sent)
  const result = await command.execute(argv)
  return [...sent, plainText(h.normalize(result ?? ''))].filter(Boolean).join('\n')
}

/**
 * The session of the person, except that what a command sends to it is kept for the model, and that a question of the
 * command gets no answer.
 */
function capturingSession(session: Session, command: Command, sent: string[]): Session {
  const send = async (content: h.Fragment): Promise<string[]> => {
    if (sent.length < MAX_SENT_MESSAGES) sent.push(plainText(h.normalize(content)))
    return []
  }
  return Object.create(session, {
    send: { value: send },
    sendQueued: { value: send },
    prompt: { value: async () => undefined },
    suggest: { value: async () => undefined },
    scope: { value: `commands.${command.name}.messages`, writable: true },
  })
}

/** The text of elements. `<execute>` and other components in them are not run. */
function plainText(elements: h[]): string {
  return textOf(elements).trim()
}
