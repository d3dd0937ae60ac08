import type { Context, h, Session } from 'koishi'
import { admit, authorise } from './admission'
import type { Config } from '../config'
import { Batches, merge } from '../conversation/merge-window'
import { Caps } from '../conversation/concurrency'
import { BusyError, Mailbox } from '../conversation/queue'
import { placeOf, scopeOf } from '../conversation/scope'
import { signed } from '../conversation/system-prompt'
import { sweepAgain } from '../conversation/context-window'
import { createCore } from './context'
import type { ChatOptions, Core } from './context'
import type { Part } from '../engine/types'
import { Exchange } from './exchange'
import { REPLACED } from '../messages/error-messages'
import { watch } from '../model/model-list'
import { promptOf } from './prompt'
import { say } from '../messages/i18n'
import { Deduplicator } from '../util/dedupe'

const NO_KEY = 'there is no API key: set apiKeys'

/** How long answers may go on when Koishi ends: a little longer than adapters wait for them. */
const FAREWELL = 6000
/** How long it may take to remember those that were cut off. */
const LAST = 1000

/** The way of a message through the plugin, once it is known to be for us. */
export class Chat {
  readonly core: Core
  readonly mailbox = new Mailbox()
  private readonly batches: Batches<Part[]>
  private readonly caps: Caps
  private readonly received: Deduplicator
  private readonly life = new AbortController()

  constructor(ctx: Context, private readonly config: Config, options: ChatOptions) {
    this.core = createCore(ctx, config, options, this.life.signal)
    this.batches = new Batches(options.clock, config.mergeWindow, 20)
    this.caps = new Caps({ total: config.maxQuestions, each: config.maxQuestionsPerUser })
    this.received = new Deduplicator(() => options.clock.now())
    const { logger, memory, route } = this.core
    if (this.isOpen) void watch({ ...route, ...options, signal: this.life.signal }, logger)
    else logger.warn(NO_KEY)
    const isBusy = (key: string) => this.mailbox.pending(key) > 0
    if (config.idleExpiry) {
      void sweepAgain(memory, { expiry: config.idleExpiry, clock: options.clock, signal: this.life.signal, isBusy })
    }
  }

  /** Names the conversation that a message belongs to. */
  async locate(session: Session): Promise<string> {
    if (session.isDirect) return scopeOf(session)
    const { scope } = await this.core.choices.load(placeOf(session))
    return scopeOf(session, scope ?? this.config.scope)
  }

  /**
   * Answers a message.
   * @param body its elements, without what addresses the bot
   * @returns what there is to say when the answer was not delivered, or cannot be
   */
  async answer(session: Session, body: h[]): Promise<h[] | undefined> {
    if (this.received.isRepeated(session)) return
    const parts = promptOf(body, session)
    if (!parts) return say(session, 'blank')
    const key = await this.locate(session)
    const question = key.startsWith('channel:') ? signed(parts, session) : parts
    if (this.config.policy !== 'merge') {
      return this.admit(session, key, (exchange, signal) => exchange.run({ role: 'user', parts: question }, signal))
    }
    // What joins is no question of its own, and yet it is asked.
    const refusal = await authorise(this.core, session)
    if (refusal) return say(session, ...refusal)
    const joined = this.batches.join(key, question)
    if (joined) return joined === 'full' ? say(session, 'busy') : undefined
    const batch = this.batches.begin(key, question)
    try {
      return await this.admit(session, key, async (exchange, signal) => {
        return exchange.run({ role: 'user', parts: merge(await this.batches.close(batch, signal)) }, signal)
      })
    } finally {
      this.batches.drop(batch)
    }
  }

  /**
   * Lets an exchange take place, when its turn comes.
   * @returns what there is to say beside the answer, or why there is none
   */
  async admit(
    session: Session, key: string,
    task: (exchange: Exchange, signal: AbortSignal) => Promise<h[] | undefined>,
  ): Promise<h[] | undefined> {
    const { config: { policy, queue }, core, mailbox } = this
    if (!this.isOpen) {
      core.logger.warn(NO_KEY)
      return say(session, 'errors.key')
    }
    const refusal = await admit(core, session)
    if (refusal) return say(session, ...refusal)
    const leave = this.caps.enter(JSON.stringify([session.platform, session.selfId, session.userId]))
    if (typeof leave === 'string') return say(session, leave === 'each' ? 'busy' : 'crowded')
    try {
      if (policy === 'replace') mailbox.stop(key, REPLACED)
      const exchange = new Exchange(core, session, key)
      const ahead = mailbox.pending(key)
      const limit = policy === 'drop' ? 0 : queue
      const answer = mailbox.post(key, signal => task(exchange, signal), limit)
      if (ahead && ahead <= limit) void exchange.stage.queue(ahead)
      return await answer
    } catch (error) {
      if (error instanceof BusyError) return say(session, 'busy')
      throw error
    } finally {
      leave()
    }
  }

  /** Koishi is about to end: answers have a moment to end by themselves, and what was written by then is remembered. */
  async leave() {
    await this.idle(FAREWELL)
    this.dispose()
    await this.idle(LAST)
  }

  private async idle(limit: number) {
    const isIdle = new AbortController()
    const idle = this.mailbox.idle().then(() => isIdle.abort())
    await Promise.race([idle, this.core.clock.sleep(limit, isIdle.signal)])
  }

  /** Ends everything. What was written so far stays as it is. */
  dispose() {
    this.life.abort()
    this.mailbox.dispose()
  }

  private get isOpen() {
    return this.core.route.ring.keys.length > 0
  }
}
