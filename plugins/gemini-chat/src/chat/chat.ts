import { Activity } from 'common/async'
import type { Context, h, Session } from 'koishi'
import { checkAdmission, checkAuthority } from './admission'
import type { Config } from '../config'
import { MergeWindow, mergeMessages } from '../conversation/merge-window'
import { ConcurrencyLimits } from '../conversation/concurrency'
import { BusyError, ConversationQueue } from '../conversation/queue'
import { channelKeyOf, conversationKeyOf } from '../conversation/scope'
import { labelSpeaker } from '../conversation/system-prompt'
import { keepExpiring, MAX_IDLE_MS } from '../conversation/context-window'
import { createChatContext } from './context'
import type { ChatContext, ChatOptions } from './context'
import type { Part } from '../engine/types'
import { Exchange } from './exchange'
import { allowRepeating } from '../instances/repeating'
import { SharedConversations } from '../instances/shared-conversations'
import { REPLACED } from '../messages/error-messages'
import { keepModelsFresh } from '../model/model-list'
import { promptOf } from './prompt'
import { PingPongBrake } from './ping-pong'
import { isFromBot } from './bots'
import { userOf } from '../usage/usage-store'
import { localize } from '../messages/i18n'
import type { Message } from '../messages/i18n'
import { reportRefusal } from './outcome'
import { Deduplicator } from '../util/dedupe'

const NO_KEY = 'there is no API key: set apiKeys'

/** When Koishi exits, answers may go on for this long: a little longer than adapters wait for them. */
const SHUTDOWN_GRACE_MS = 6000

/** How long it may take to store interrupted answers after that. */
const SHUTDOWN_SAVE_MS = 1000

/** @returns a reply to send beside the answer, or instead of it */
type ExchangeTask = (exchange: Exchange, signal: AbortSignal) => Promise<h[] | undefined>

/** Answers messages: finds their conversation, checks limits, queues them and runs an exchange for each. */
export class Chat {
  readonly context: ChatContext
  private readonly sharedConversations = new SharedConversations()
  readonly conversationQueue = new ConversationQueue(this.sharedConversations)
  private readonly mergeWindow: MergeWindow<Part[]>
  private readonly concurrency: ConcurrencyLimits
  private readonly received: Deduplicator
  private readonly pingPong: PingPongBrake
  private readonly disposal = new AbortController()
  /** Questions that are being answered, from when the plugin gets them. */
  private readonly answering: Activity

  constructor(ctx: Context, private readonly config: Config, options: ChatOptions) {
    this.context = createChatContext(ctx, config, options, this.disposal.signal)
    this.mergeWindow = new MergeWindow(options.clock, config.mergeWindow, 20)
    this.concurrency = new ConcurrencyLimits({ total: config.maxQuestions, each: config.maxQuestionsPerUser })
    this.received = new Deduplicator(options.clock)
    this.answering = new Activity(options.clock)
    this.pingPong = new PingPongBrake(options.clock, config.pingPong)
    const { logger, contextWindow, route } = this.context
    if (this.hasKey) void keepModelsFresh({ ...route, ...options, signal: this.disposal.signal }, logger)
    else logger.warn(NO_KEY)
    ctx.inject(['sharedState'], (ctx) => {
      const stop = (key: string, reason?: unknown) => void this.conversationQueue.stop(key, reason)
      ctx.on('dispose', this.sharedConversations.connect(ctx.sharedState, stop))
    })
    const isBusy = (key: string) => this.conversationQueue.pending(key) > 0
    void keepExpiring(contextWindow, {
      expiry: config.idleExpiry || MAX_IDLE_MS, clock: options.clock, signal: this.disposal.signal, isBusy,
    })
  }

  /** The key of the conversation a message belongs to. */
  async conversationOf(session: Session): Promise<string> {
    if (session.isDirect) return conversationKeyOf(session)
    const usual = conversationKeyOf(session, this.config.scope)
    // The answer needs the preferences of the conversation next.
    const { scope } = await this.context.preferences.load(channelKeyOf(session), usual)
    return scope ? conversationKeyOf(session, scope) : usual
  }

  /**
   * Answers a message.
   * @param body its elements, without the mention or name of the bot
   * @returns a reply to send, if there is no answer to deliver
   */
  answer(session: Session, body: h[]): Promise<h[] | undefined> {
    return this.answering.run(() => this.receive(session, body))
  }

  private async receive(session: Session, body: h[]): Promise<h[] | undefined> {
    const { config, context: { ctx, logger } } = this
    if (this.received.isRepeated(session)) return
    if (!config.answerBots && isFromBot(ctx, session)) return
    const sender = JSON.stringify([session.platform, session.selfId, session.channelId, session.userId])
    const verdict = session.isDirect ? 'answer' : this.pingPong.receive(sender)
    if (verdict === 'silent') return
    if (verdict === 'stop') {
      logger.warn('not answering %s in channel %s for a minute: its messages follow answers as fast as those of a bot; see pingPong',
        userOf(session), session.channelId)
      return localize(session, 'ping-pong')
    }
    try {
      return await this.ask(session, body)
    } finally {
      this.pingPong.answered(sender)
    }
  }

  private async ask(session: Session, body: h[]): Promise<h[] | undefined> {
    const parts = promptOf(body, session)
    if (!parts) return localize(session, session.isDirect ? 'blank' : 'blank-group')
    const key = await this.conversationOf(session)
    const question = key.startsWith('channel:') ? labelSpeaker(parts, session) : parts
    if (this.config.policy !== 'merge') {
      void allowRepeating(session, true)
      return this.enqueue(session, key, (exchange, signal) => exchange.run({ role: 'user', parts: question }, signal))
    }
    // A message that joins a batch skips admission below, so check authority here.
    const refusal = await checkAuthority(this.context, session)
    if (refusal) return localize(session, ...refusal)
    const joined = this.mergeWindow.join(key, question)
    if (joined) return joined === 'full' ? localize(session, 'busy') : undefined
    const batch = this.mergeWindow.open(key, question)
    try {
      return await this.enqueue(session, key, async (exchange, signal) => {
        return exchange.run({ role: 'user', parts: mergeMessages(await this.mergeWindow.close(batch, signal)) }, signal)
      })
    } finally {
      this.mergeWindow.drop(batch)
    }
  }

  /**
   * Runs an exchange once the earlier ones of its conversation have ended.
   * @param isSilent shows nothing: the answer is for a plugin
   * @returns a reply to send beside the answer, or instead of it
   */
  enqueue(session: Session, key: string, task: ExchangeTask, isSilent = false): Promise<h[] | undefined> {
    return this.answering.run(() => this.admit(session, key, task, isSilent))
  }

  private async admit(session: Session, key: string, task: ExchangeTask, isSilent: boolean): Promise<h[] | undefined> {
    const { config: { policy, queue }, context, conversationQueue } = this
    if (!this.hasKey) {
      context.logger.warn(NO_KEY)
      return this.refuse(session, 'errors.key')
    }
    const refusal = await checkAdmission(context, session)
    if (refusal) return this.refuse(session, ...refusal)
    const release = this.concurrency.acquire(JSON.stringify([session.platform, session.selfId, session.userId]))
    if (typeof release === 'string') return this.refuse(session, release === 'each' ? 'busy' : 'crowded')
    try {
      if (policy === 'replace') conversationQueue.stopEverywhere(key, REPLACED)
      const exchange = new Exchange(context, session, key, isSilent)
      const ahead = conversationQueue.pending(key)
      const limit = policy === 'drop' ? 0 : queue
      const answer = conversationQueue.enqueue(key, (signal, isCurrent) => {
        exchange.isCurrent = isCurrent
        return task(exchange, signal)
      }, limit)
      if (ahead && ahead <= limit) void exchange.presenter.showQueued(ahead)
      return await answer
    } catch (error) {
      if (error instanceof BusyError) return this.refuse(session, 'busy')
      throw error
    } finally {
      release()
    }
  }

  private refuse(session: Session, ...message: Message): h[] {
    reportRefusal(this.context, session, message[0])
    return localize(session, ...message)
  }

  /** Gives answers a few seconds to end by themselves, then stops them and stores what they have written. */
  async shutDown() {
    // An adapter may still have a message that it has promised an answer to: if all is quiet, nothing is stopped.
    if (await this.answering.whenIdle(SHUTDOWN_GRACE_MS)) return
    this.dispose()
    await this.answering.whenIdle(SHUTDOWN_SAVE_MS)
  }

  /** Stops all answers. Texts that are visible stay as they are. */
  dispose() {
    this.disposal.abort()
    this.conversationQueue.dispose()
  }

  private get hasKey() {
    return this.context.route.keyPool.keys.length > 0
  }
}
