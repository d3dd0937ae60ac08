import type { Awaitable, Context, Session } from 'koishi'
import type { Question } from './model/ask'
import { registerCommandTools } from './assistant/command-tools'
import { provideAssistant } from './assistant/service'
import { Chat } from './chat/chat'
import { SystemClock } from 'common/time'
import { questionIn, registerCommands, shortcut } from './commands'
import { Config, unknownSettings } from './config'
import { declarePreferenceTable } from './conversation/preferences'
import { declareTurnTable } from './conversation/database-history'
import type { Outcome } from './chat/outcome'
import { reportStatus } from './chat/status'
import type { Reply } from './answer/reply'
import { registerDoctor } from './doctor/command'
import { createEngines } from './engine/create'
import { DEFAULT_PROVIDER } from './engine/providers'
import type { Engine } from './engine/types'
import { operatorMessage } from './messages/error-messages'
import { localize } from './messages/i18n'
import { declareUsageTable } from './usage/usage-store'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'
import { bodyOf, textOf } from './chat/prompt'
import { registerUsageCommand } from './usage/report'
import { isFromBot } from './chat/bots'
import { botNames, isAddressed, withoutMentions } from './chat/trigger'
import { keepNote } from './settings-note'
import { providersOf } from './model/providers'

declare module 'koishi' {
  interface Events {
    /** Before a question is sent. Listeners may change it, or throw to refuse it. */
    'gemini/before-request'(question: Question, session: Session): Awaitable<void>
    /** After an answer has been delivered, complete or interrupted. */
    'gemini/after-reply'(reply: Reply, session: Session): void
    /** After a question has been answered, refused or given up, also without an answer. */
    'gemini/outcome'(outcome: Outcome, session: Session): void
  }
}

export type { Outcome, Question, Reply }
export { BusyError } from './conversation/queue'
export { EngineError } from './engine/error'
export type { EngineErrorDetails, EngineErrorKind, EngineErrorReason } from './engine/error'
export { MediaError } from './media/error'
export { Assistant } from './assistant/service'
export type { QuestionOptions } from './assistant/service'
export type { ToolOptions } from './assistant/tool-options'
export { AskError } from './assistant/error'
export { ToolError } from './tools/error'
export type { ToolFailure } from './tools/result'
export type { JsonSchema, ToolText } from './tools/tool'
export { GeminiChatError } from './util/errors'
export type { GeminiChatErrorCode } from './util/errors'
export { Config }
export { usage } from './messages/console-usage'

export const name = 'gemini-chat'

export const inject = { database: { required: false } }

export function apply(ctx: Context, config: Config, engine = createEngine(ctx, config)) {
  ctx.i18n.define('zh-CN', zhCN)
  ctx.i18n.define('en-US', enUS)
  declareTurnTable(ctx)
  declarePreferenceTable(ctx)
  declareUsageTable(ctx)

  for (const setting of unknownSettings(config)) {
    ctx.logger('gemini-chat').warn(`the setting ${setting} is unknown and ignored: remove it, or move it to the plugin it belongs to now (see CHANGELOG.md)`)
  }

  const clock = new SystemClock()
  const chat = new Chat(ctx, config, { engine, clock, random: Math.random })
  keepNote(ctx, chat.context.route.keyPool)
  provideAssistant(ctx, chat)
  const { confirmations, logger, tools } = chat.context
  registerCommandTools(ctx, {
    registry: tools,
    settings: config.tools ? config.toolCommands : [],
    timeoutMs: config.toolTimeout,
    warn: line => logger.warn(line),
  })
  ctx.on('interaction/button', (session) => {
    const notice = confirmations.takeClick(session)
    if (notice) void session.send(localize(session, ...notice))
  })
  registerCommands(ctx, chat)
  registerUsageCommand(ctx, chat.context.usageReport)
  const { context } = chat
  registerDoctor(ctx, { providers: providersOf(config), ...context, ...context.route, signal: context.disposed })
  reportStatus(ctx, context, chat.conversationQueue)
  ctx.middleware((session, next) => {
    const names = botNames(session)
    if (!isAddressed(session, names) || (!config.answerBots && isFromBot(ctx, session))) return next()
    const body = withoutMentions(bodyOf(session), session.selfId, names)
    const confirmed = confirmations.takeMessage(session, textOf(body))
    return confirmed ?? shortcut(ctx, session, body) ?? chat.answer(session, questionIn(body))
  })
  // Before the database and the adapters are disposed, while answers can still be stored and sent.
  ctx.on('exit', () => chat.shutDown())
  ctx.on('dispose', () => {
    chat.dispose()
    engine.dispose()
    clock.dispose()
  })
}

function createEngine(ctx: Context, config: Config): Engine {
  return createEngines(providersOf(config), config, (error, provider) => {
    const where = provider === DEFAULT_PROVIDER ? '' : `provider ${provider}: `
    ctx.logger('gemini-chat').warn(where + operatorMessage(error))
  })
}
