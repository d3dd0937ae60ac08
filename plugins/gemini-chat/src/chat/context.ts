import { DatabaseAccess } from 'common/database'
import type { DatabaseTask } from 'common/database'
import type { Awaitable, Context, Logger, Session } from 'koishi'
import type { Clock } from 'common/time'
import type { Config } from '../config'
import { Archive } from '../conversation/archive'
import { carryOverPreferences, PreferenceStore } from '../conversation/preferences'
import { historyOf } from '../conversation/database-history'
import { SharedHistory } from '../conversation/shared-history'
import { TurnCarryOver } from '../conversation/turn-carry-over'
import { ContextWindow, MAX_IDLE_MS } from '../conversation/context-window'
import { SharedKeys } from '../instances/shared-keys'
import { SharedRates } from '../instances/shared-rates'
import { SharedTokens } from '../instances/shared-tokens'
import { localDay } from '../util/local-time'
import { SharedValues } from '../instances/shared-values'
import { FallbackNotices } from '../model/fallback-notice'
import { UnansweredQuestions } from '../conversation/unanswered'
import type { Engine } from '../engine/types'
import { KeyPool } from '../model/key-pool'
import { keysOf, modelsOf, offeredModels, providersOf } from '../model/providers'
import { CombinedUsage } from '../usage/combined-usage'
import { SharedUsage } from '../usage/shared-usage'
import { UsageStore } from '../usage/usage-store'
import { RateLimits } from '../usage/rate-limits'
import { ModelList } from '../model/model-list'
import type { ModelRoute } from '../model/attempts'
import { UsageReport } from '../usage/report'
import { Confirmations } from '../tool-calls/confirmations'
import { ToolRegistry } from '../tools/registry'

export interface ChatOptions {
  engine: Engine
  clock: Clock
  random: () => number
}

/** Makes an addition to the system prompt; an empty one adds nothing. */
export type SystemPromptPart = (session: Session) => Awaitable<string | undefined>

/** The services that all conversations share. */
export interface ChatContext extends ChatOptions {
  ctx: Context
  config: Config
  logger: Logger
  route: ModelRoute
  archive: Archive
  contextWindow: ContextWindow
  preferences: PreferenceStore
  unanswered: UnansweredQuestions
  fallbackNotices: FallbackNotices
  usageStore: UsageStore
  rateLimits: RateLimits
  usageReport: UsageReport
  tools: ToolRegistry<Session>
  confirmations: Confirmations
  /** What other plugins add to the system prompt. */
  promptParts: Set<SystemPromptPart>
  /** Aborts when the plugin is unloaded. Its texts are gone then. */
  disposed: AbortSignal
}

export function createChatContext(
  ctx: Context, config: Config, options: ChatOptions, disposed: AbortSignal,
): ChatContext {
  const logger = ctx.logger('gemini-chat')
  const now = () => options.clock.now()
  const access = (subject: string, prepare?: DatabaseTask<unknown>) => {
    return new DatabaseAccess(ctx, { clock: options.clock, logger, subject, prepare })
  }
  const historyAccess = access('the conversation history')
  const turnCarryOver = new TurnCarryOver()
  const sharedState = () => {
    const state = ctx.get('sharedState')
    return state?.isShared ? state : undefined
  }
  const shared = new SharedValues(sharedState)
  const ownHistory = historyOf(historyAccess, now, turnCarryOver)
  const sharedHistory = new SharedHistory(shared, ownHistory, now, config.idleExpiry || MAX_IDLE_MS)
  const archive = new Archive(() => shared.isActive ? sharedHistory : ownHistory(), historyAccess)
  const providers = providersOf(config)
  const names = providers.map(({ name }) => name)
  const offered = offeredModels(providers)
  const models = new ModelList(modelsOf(config, providers), logger, { providers: names, offered })
  const { engine } = options
  const calendarOf = (provider: string) => engine.calendarOf?.(provider) ?? engine.quotaCalendar
  const sharedKeys = new SharedKeys(shared, now)
  const keyPool = new KeyPool(keysOf(providers), options.clock, engine.quotaCalendar, sharedKeys, { names, calendarOf })
  ctx.inject(['sharedState'], (ctx) => {
    ctx.on('dispose', sharedKeys.connect(ctx.sharedState, (digest, change) => keyPool.learn(digest, change)))
  })
  const usageStore: UsageStore = new UsageStore(access('usage'), now, undefined, (place, counts) => {
    rateLimits.spend(place, counts)
    sharedUsage.add({ day: localDay(now()), ...place }, counts)
  })
  const sharedUsage = new SharedUsage(sharedState)
  const sharedTokens = new SharedTokens(shared, () => localDay(now()))
  const rateLimits = new RateLimits(config, usageStore, options.clock, new SharedRates(sharedState), sharedTokens)
  // Rows of earlier versions, whenever a database comes.
  ctx.inject(['database'], () => {
    void historyAccess.try(database => turnCarryOver.all(database))
    usageStore.carryOver()
  })
  return {
    ...options,
    ctx,
    config,
    logger,
    disposed,
    archive,
    route: {
      keyPool,
      models,
      logger,
      now,
    },
    contextWindow: new ContextWindow(archive, {
      get budget() {
        return Math.min(config.historyTokens, models.inputTokenLimit)
      },
      expiry: config.idleExpiry || MAX_IDLE_MS,
      clock: options.clock,
    }),
    preferences: new PreferenceStore(access('conversation settings', carryOverPreferences), undefined, options.clock, shared),
    unanswered: new UnansweredQuestions(),
    fallbackNotices: new FallbackNotices(),
    usageStore,
    rateLimits,
    usageReport: new UsageReport(ctx, new CombinedUsage(usageStore, sharedUsage), now),
    tools: new ToolRegistry(),
    confirmations: new Confirmations({ clock: options.clock, config, logger }),
    promptParts: new Set(),
  }
}
