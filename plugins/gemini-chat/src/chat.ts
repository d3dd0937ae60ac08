import type { Context, h, Logger, Session } from 'koishi'
import { ask, type Question } from './ask'
import type { Clock } from './clock'
import type { Config } from './config'
import { Archive } from './conversation/archive'
import { estimateContents, fit, measure } from './conversation/budget'
import { historyOf } from './conversation/database'
import { BusyError, Mailbox } from './conversation/mailbox'
import { Reply } from './conversation/reply'
import { scopeOf } from './conversation/scope'
import { replay } from './conversation/turn'
import { createDelivery, targetOf } from './delivery/delivery'
import { GeminiError } from './engine/error'
import type { Content, Engine, EngineEvent } from './engine/types'
import { describe, explain, report } from './failure'
import { keysOf, Ring } from './keys'
import { Models, watch } from './models'
import { promptOf } from './prompt'
import type { Route } from './route'
import { type Message, say, sentence } from './text'
import { Deduplicator } from './trigger'

export interface ChatOptions {
  engine: Engine
  clock: Clock
  random: () => number
}

const NO_KEY = 'there is no API key: set apiKeys'

/** The way of a message through the plugin, once it is known to be for us. */
export class Chat {
  private readonly logger: Logger
  private readonly mailbox = new Mailbox()
  private readonly archive: Archive
  private readonly route: Route
  private readonly received: Deduplicator
  private readonly life = new AbortController()

  constructor(private readonly ctx: Context, private readonly config: Config, private readonly options: ChatOptions) {
    const { clock } = options
    this.logger = ctx.logger('gemini-chat')
    const { logger } = this
    const now = () => clock.now()
    const models = new Models([config.model, ...config.fallbackModels], logger)
    this.route = { ring: new Ring(keysOf(config), now), models, logger, now }
    if (this.isOpen) void watch({ ...this.route, ...options, signal: this.life.signal }, logger)
    else logger.warn(NO_KEY)
    this.received = new Deduplicator(() => clock.now())
    this.archive = new Archive(historyOf(ctx, () => clock.now()), config.historyTokens, (error) => {
      this.logger.warn('the history is out of reach: %s', describe(error))
    })
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
    if (!this.isOpen) {
      this.logger.warn(NO_KEY)
      return say(session, 'errors.key')
    }
    const question: Content = { role: 'user', parts }
    const task = (signal: AbortSignal) => this.turn(session, question, signal)
    try {
      return await this.mailbox.post(scopeOf(session), task, this.config.queue)
    } catch (error) {
      if (error instanceof BusyError) return say(session, 'busy')
      throw error
    }
  }

  /** Ends the answer that is being written, and those that wait. */
  stop(session: Session): h[] {
    return say(session, this.mailbox.stop(scopeOf(session)) ? 'stopped' : 'idle')
  }

  /** Ends what is being written, and forgets the conversation. */
  async reset(session: Session): Promise<h[]> {
    const scope = scopeOf(session)
    this.mailbox.stop(scope)
    try {
      // What was just stopped still writes down how far it came. It is forgotten after that.
      await this.mailbox.post(scope, () => this.archive.clear(scope))
      return say(session, 'reset')
    } catch (error) {
      this.logger.warn('the history could not be cleared: %s', describe(error))
      return say(session, 'errors.reset')
    }
  }

  /** Ends everything. What was written so far stays as it is. */
  dispose() {
    this.life.abort()
    this.mailbox.dispose()
  }

  private get isOpen() {
    return this.route.ring.keys.length > 0
  }

  private async turn(session: Session, question: Content, signal: AbortSignal): Promise<h[] | undefined> {
    const { archive, config, options } = this
    const scope = scopeOf(session)
    const turns = fit(await archive.recall(scope), config.historyTokens - estimateContents([question]))
    const request: Question = { contents: [...replay(turns), question], system: config.instructions || undefined }
    const delivery = createDelivery(targetOf(session), { ...options, streaming: config.streaming })
    const reply = new Reply()
    const error = await this.listen(session, request, signal, (event) => {
      if (reply.take(event)) delivery.update(reply.text)
    })
    const notice = this.conclude(reply, signal, error)
    if (!reply.text) return notice && say(session, ...notice)

    const contents = [question, reply.content]
    const tokens = measure(contents, turns, reply.usage)
    const text = [reply.text.trimEnd(), notice && sentence(session, ...notice)].filter(Boolean).join('\n\n')
    await Promise.all([
      archive.record(scope, { contents, tokens, interrupted: error !== undefined }),
      delivery.finish(text).catch((error) => {
        this.logger.warn('an answer could not be delivered: %s', describe(error))
      }),
    ])
    this.ctx.emit(session, 'gemini/after-reply', reply, session)
  }

  /**
   * Puts the question and listens to the end.
   * @returns what went wrong, if anything did
   */
  private async listen(
    session: Session, request: Question, signal: AbortSignal, take: (event: EngineEvent) => void,
  ): Promise<unknown> {
    const { config, options, route } = this
    let silent = true
    try {
      signal.throwIfAborted()
      await this.ctx.serial(session, 'gemini/before-request', request, session)
      for await (const event of ask(request, { ...options, route, retries: config.requestRetries, signal })) {
        silent &&= event.type !== 'text'
        take(event)
      }
      if (silent) throw new GeminiError('empty', 'the answer has no text')
    } catch (error) {
      if (!signal.aborted) this.logger.warn(report(error))
      return error
    }
  }

  /** What people are told about how an answer ended, beside the answer. */
  private conclude(reply: Reply, signal: AbortSignal, error: unknown): Message | undefined {
    // The texts went with the plugin.
    if (this.life.signal.aborted) return
    if (error === undefined) return reply.isTruncated ? ['truncated'] : undefined
    if (signal.aborted) return ['stopped']
    return reply.text ? ['interrupted'] : explain(error)
  }
}
