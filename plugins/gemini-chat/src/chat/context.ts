import type { Context, Logger, Session } from 'koishi'
import type { Clock } from '../util/clock'
import type { Config } from '../config'
import { Archive } from '../conversation/archive'
import { ChoiceStore } from '../conversation/preferences'
import { historyOf } from '../conversation/database-history'
import { Memory } from '../conversation/context-window'
import { Substitutes } from '../model/fallback-notice'
import { Unanswered } from '../conversation/unanswered'
import type { Delivery } from '../delivery/target'
import type { Engine } from '../engine/types'
import { describeError } from '../util/describe-error'
import { keysOf, Ring } from '../model/key-pool'
import { Ledger } from '../usage/usage-store'
import { Limits } from '../usage/rate-limits'
import { Models } from '../model/model-list'
import type { Route } from '../model/attempts'
import { Statement } from '../usage/report'

export interface ChatOptions {
  engine: Engine
  clock: Clock
  random: () => number
  /** A platform's own way to deliver, where it has one. */
  deliver?(session: Session): Delivery | undefined
}

/** What all conversations have in common. */
export interface Core extends ChatOptions {
  ctx: Context
  config: Config
  logger: Logger
  route: Route
  archive: Archive
  memory: Memory
  choices: ChoiceStore
  unanswered: Unanswered
  substitutes: Substitutes
  ledger: Ledger
  limits: Limits
  statement: Statement
  /** Aborts when the plugin goes. Its texts go with it. */
  life: AbortSignal
}

export function createCore(ctx: Context, config: Config, options: ChatOptions, life: AbortSignal): Core {
  const logger = ctx.logger('gemini-chat')
  const now = () => options.clock.now()
  const archive = new Archive(historyOf(ctx, now), (error) => {
    logger.warn('the history is out of reach: %s', describeError(error))
  })
  const models = new Models([config.model, ...config.fallbackModels], logger)
  const ledger = new Ledger(ctx, now, reason => logger.warn('the usage could not be written down: %s', reason))
  return {
    ...options,
    ctx,
    config,
    logger,
    life,
    archive,
    route: {
      ring: new Ring(keysOf(config), now),
      models,
      logger,
      now,
    },
    memory: new Memory(archive, {
      get budget() {
        return Math.min(config.historyTokens, models.room)
      },
      expiry: config.idleExpiry,
      now,
    }),
    choices: new ChoiceStore(ctx, error => logger.warn('the choices are out of reach: %s', describeError(error))),
    unanswered: new Unanswered(),
    substitutes: new Substitutes(),
    ledger,
    limits: new Limits(config, ledger, now),
    statement: new Statement(ledger, now),
  }
}
