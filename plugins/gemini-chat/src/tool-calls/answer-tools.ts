import { describeError } from 'common/errors'
import type { Clock } from 'common/time'
import type { Context, Logger, Session } from 'koishi'
import type { Config } from '../config'
import type { ToolCall, ToolDeclaration } from '../engine/types'
import { allowRepeating } from '../instances/repeating'
import { localizeText } from '../messages/i18n'
import { runCalls } from '../tools/call'
import type { Confirmation } from '../tools/call'
import { argumentsText, MIN_RESULT_CHARS } from '../tools/result'
import type { ToolFailure, ToolOutcome } from '../tools/result'
import type { ToolRegistry } from '../tools/registry'
import { textIn } from '../tools/tool'
import type { Tool } from '../tools/tool'
import { userOf } from '../usage/usage-store'
import { hasAuthority } from '../util/authority'
import type { Confirmations } from './confirmations'

declare module 'koishi' {
  interface Events {
    /** A call of a tool has ended. Contains neither arguments nor the result. */
    'assistant/tool'(call: { name: string, failure?: ToolFailure }, session: Session): void
  }
}

/** What calls of tools need. */
export interface ToolContext {
  ctx: Context
  config: Pick<Config, 'tools' | 'toolResult' | 'toolResultTotal'>
  clock: Clock
  logger: Pick<Logger, 'info' | 'warn'>
  tools: ToolRegistry<Session>
  confirmations: Confirmations
}

/** Longer arguments are not put before a person, who would not read them to the end. */
const MAX_CONFIRMED_CHARS = 2000

/** Whether a person may use a tool here. @throws the database's error */
export async function isAllowed({ ctx }: Pick<ToolContext, 'ctx'>, session: Session, tool: Tool<Session>): Promise<boolean> {
  if (tool.platforms && !tool.platforms.includes(session.platform)) return false
  return await hasAuthority(ctx, session, tool.authority) && (await tool.allows?.(session) ?? true)
}

/** The tools that the model may use for one question. */
export class AnswerTools {
  private readonly byName: ReadonlyMap<string, Tool<Session>>
  private hasRun = false
  private readonly running = new Map<Tool<Session>, number>()
  private knownLanguage?: 'zh' | 'en'
  /** Characters that the results of this answer may still have. */
  private room: number

  private constructor(
    private readonly context: ToolContext, private readonly session: Session, readonly all: Tool<Session>[],
    private readonly onActivity: (line: string) => void,
  ) {
    this.byName = new Map(all.map(tool => [tool.name, tool]))
    this.room = context.config.toolResultTotal
  }

  /**
   * Chooses the tools of a person. Never throws: without a database, or if it fails, those that need authority are left
   * out.
   * @param onActivity takes a line that says what is being done; an empty one when it is done
   */
  static async choose(
    context: ToolContext, session: Session, onActivity: (line: string) => void = () => {},
  ): Promise<AnswerTools> {
    const { tools, config } = context
    const chosen = config.tools ? await tools.choose(tool => isAllowed(context, session, tool)) : []
    return new AnswerTools(context, session, chosen, onActivity)
  }

  get declarations(): ToolDeclaration[] {
    const language = this.language
    return this.all.map(({ name, description, parameters }) => {
      return { name, description: textIn(language, description), parameters }
    })
  }

  /**
   * Runs the calls of one round. Never rejects.
   * @param offered the tools that the request had: listeners may have removed some
   */
  async run(calls: ToolCall[], signal: AbortSignal, offered: ToolDeclaration[] = []): Promise<ToolOutcome[]> {
    const { byName, context, session } = this
    const { clock, config, tools: registry } = context
    // What tools do is not done a second time.
    if (!this.hasRun) await allowRepeating(session, false)
    this.hasRun = true
    const tools = new Map(offered.flatMap(({ name }) => byName.has(name) ? [[name, byName.get(name)!]] : []))
    const requested = calls.map(({ name, arguments: args, malformed }) => ({ name, args: malformed ?? args }))
    const outcomes = await runCalls(requested, {
      caller: session, tools, clock, signal,
      resultChars: Math.max(MIN_RESULT_CHARS, Math.min(config.toolResult, Math.floor(this.room / calls.length))),
      isAllowed: async tool => registry.has(tool) && isAllowed(context, session, tool),
      confirm: (tool, args, signal) => this.confirm(tool, args, signal),
      onStart: tool => this.count(tool, 1),
      onEnd: ({ name }, failure, error, tool) => {
        if (tool) this.count(tool, -1)
        this.report(name, failure, error)
      },
    })
    this.room -= outcomes.reduce((sum, { text }) => sum + text.length, 0)
    return outcomes
  }

  private async confirm(
    tool: Tool<Session>, args: Record<string, unknown>, signal: AbortSignal,
  ): Promise<Confirmation> {
    const { context, session } = this
    const shown = argumentsText(args)
    if (shown.length > MAX_CONFIRMED_CHARS) return 'too-long'
    const what = localizeText(session, 'confirm.ask', { name: this.titleOf(tool) })
    const fence = '`'.repeat(Math.max(3, ...shown.match(/`+/g)?.map(run => run.length + 1) ?? []))
    const text = Object.keys(args).length ? `${what}\n\n${fence}json\n${shown}\n${fence}` : what
    return context.confirmations.ask(session, { name: tool.name, text, signal })
  }

  /** Tells which tools are running. */
  private count(tool: Tool<Session>, change: number) {
    const before = this.running.get(tool) ?? 0
    const count = before + change
    if (count > 0) this.running.set(tool, count)
    else this.running.delete(tool)
    // The line names tools, not their calls.
    if ((before > 0) === (count > 0)) return
    const names = [...this.running.keys()].map(tool => this.titleOf(tool))
    this.onActivity(names.length ? localizeText(this.session, 'status.tools', { names: names.join('、') }) : '')
  }

  private report(name: string, failure: ToolFailure | undefined, error: unknown) {
    const { context: { ctx, logger }, session } = this
    ctx.emit(session, 'assistant/tool', { name, failure }, session)
    const shown = JSON.stringify(name.slice(0, 64))
    if (failure === 'error') logger.warn('the tool %s failed for %s: %s', shown, userOf(session), describeError(error))
    else if (failure === 'timeout') logger.warn('the tool %s took too long for %s: raise its time limit, or look at what it waits for', shown, userOf(session))
    else if (failure) logger.info('the tool %s was not run for %s: %s', shown, userOf(session), failure)
  }

  private titleOf({ name, title }: Tool<Session>): string {
    return title === undefined ? name : textIn(this.language, title)
  }

  private get language(): 'zh' | 'en' {
    return this.knownLanguage ??= localizeText(this.session, 'language') === 'en' ? 'en' : 'zh'
  }
}
