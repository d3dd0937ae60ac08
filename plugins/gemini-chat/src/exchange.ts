import { h, type Session } from 'koishi'
import { charge } from './account'
import { ask, type Question } from './ask'
import { estimateContents, measure } from './conversation/budget'
import type { StoredTurn } from './conversation/history'
import type { Recollection } from './conversation/memory'
import { fill } from './conversation/preset'
import { Reply } from './conversation/reply'
import { COMPANY, nameOf } from './conversation/speaker'
import { replay } from './conversation/turn'
import type { Core } from './core'
import { createDelivery, type Delivery, targetOf } from './delivery/delivery'
import { GeminiError } from './engine/error'
import type { Content } from './engine/types'
import { describe, explain, report } from './failure'
import { generationOf } from './generation'
import { Margin } from './margin'
import { attach } from './media/attach'
import { noticeOf } from './media/notice'
import { remembered } from './media/reference'
import { summarise } from './summary'
import { type Message, sentence } from './text'
import { toolsOf } from './tools'

/** Why a task was aborted: a newer message took its place. */
export const REPLACED = 'replaced'

/** One question and its answer: from what is remembered to what is read, and back into memory. */
export class Exchange {
  private readonly delivery: Delivery
  private readonly reply = new Reply()
  /** What is said ahead of the answer. */
  private preface = ''
  /** What takes the place of a status when the plugin goes, and its texts before it. */
  private farewell = ''
  private readonly margin: Margin
  private readonly isThoughtful: boolean
  /** Which files were not looked at. */
  private unseen = ''

  /** @param key names the conversation */
  constructor(private readonly core: Core, private readonly session: Session, private readonly key: string) {
    const { deliver, config: { formats, showThoughts, streaming } } = core
    const { markdown } = session.bot as { markdown?: boolean }
    this.delivery = deliver?.(session) ?? createDelivery(targetOf(session, core.config), { ...core, streaming })
    this.isThoughtful = showThoughts && markdown === true && !formats[session.platform]
    this.margin = new Margin(this.isThoughtful)
  }

  /** Shows what is going on, while there is nothing of the answer to be seen. */
  status(...message: Message) {
    this.farewell = sentence(this.session, 'stopped')
    this.delivery.status?.(sentence(this.session, ...message))
  }

  /**
   * @param replaced the turn in whose place this one is to stand
   * @returns what there is to say when there is no answer
   */
  async run(question: Content, signal: AbortSignal, replaced?: StoredTurn): Promise<h[] | undefined> {
    const { core, delivery, key, reply, session } = this
    if (delivery.isOpen) this.status('status.begun')
    const { turns, notices } = await this.recall(question, signal, replaced)
    this.preface = notices.map(notice => sentence(session, ...notice)).join('\n')
    const asked = await this.attach(question, signal)
    if (!asked) return this.answerOnce(this.unseen)
    const error = await this.listen(await this.compose(turns, asked), signal)
    const notice = this.conclude(signal, error)
    core.unanswered.set(key, reply.text || signal.aborted ? undefined : question)
    if (!reply.text) return this.giveUp(question, signal, notice)

    const contents = [remembered(question), reply.content]
    const tokens = measure(contents, turns, reply.usage)
    await Promise.all([
      this.record({ contents, tokens, interrupted: error !== undefined }, replaced),
      this.deliver(this.compile(notice), error !== undefined && !signal.aborted),
    ])
    core.ctx.emit(session, 'gemini/after-reply', reply, session)
  }

  private async recall(question: Content, signal: AbortSignal, replaced?: StoredTurn): Promise<Recollection> {
    const { core, key } = this
    const tokens = estimateContents([question])
    if (signal.aborted) return { turns: [], notices: [] }
    if (!replaced) {
      const summarise = (turns: StoredTurn[]) => this.summarise(turns, signal)
      return core.memory.recall(key, tokens, core.config.compaction ? summarise : undefined)
    }
    return { turns: await core.memory.before(key, replaced, tokens), notices: [] }
  }

  private async summarise(turns: StoredTurn[], signal: AbortSignal) {
    this.status('status.compacting')
    return summarise(this.core, this.key, turns, signal, charge(this.core.ledger, this.session, signal))
  }

  /** Loads the files of a question. @returns nothing when nothing is left to ask about */
  private async attach(question: Content, signal: AbortSignal): Promise<Content | undefined> {
    const { core: { config, ctx, logger }, session } = this
    try {
      const { content, refused, isBlank } = await attach(question, {
        limit: config.fileSize << 20,
        total: config.fileTotal << 20,
        timeout: config.fileTimeout,
        trusted: config.mediaHosts,
        internal: url => ctx.satori.handleInternalRoute('GET', url),
        signal,
      })
      for (const { message } of refused) logger.debug('a file was left out: %s', message)
      this.unseen = noticeOf(refused, session, { limit: config.fileSize, total: config.fileTotal })
      return isBlank && refused.length ? undefined : content
    } catch {
      // It was stopped, as is about to be found out.
      return question
    }
  }

  private async compose(turns: StoredTurn[], question: Content): Promise<Question> {
    const { core: { choices, clock, config }, key, session } = this
    const { model, preset, search = config.search } = await choices.load(key)
    const prompt = (preset !== undefined && config.presets[preset]) || config.instructions
    const variables = { date: new Date(clock.now()), user: nameOf(session), platform: session.platform }
    return {
      contents: [...replay(turns), question],
      system: [fill(prompt, variables), key.startsWith('channel:') && COMPANY].filter(Boolean).join('\n\n') || undefined,
      preferred: model,
      generation: generationOf(config, this.isThoughtful),
      tools: toolsOf({ ...config, search }),
    }
  }

  /**
   * Puts the question and listens to the end.
   * @returns what went wrong, if anything did
   */
  private async listen(request: Question, signal: AbortSignal): Promise<unknown> {
    const { core, delivery, margin, reply, session } = this
    const observe = charge(core.ledger, session, signal)
    let silent = true
    try {
      signal.throwIfAborted()
      await core.ctx.serial(session, 'gemini/before-request', request, session)
      if (request.tools?.some(tool => 'googleSearch' in tool)) this.status('status.searching')
      const waiting = (ms: number) => this.status('status.retry', { seconds: Math.ceil(ms / 1000) })
      const options = { ...core, retries: core.config.requestRetries, signal, waiting, observe }
      for await (const event of ask(request, options)) {
        silent &&= event.type !== 'text'
        margin.take(event)
        if (reply.take(event)) delivery.update(this.grown)
      }
      if (silent) throw new GeminiError('empty', 'the answer has no text')
    } catch (error) {
      if (!signal.aborted) core.logger.warn(report(error))
      return error
    }
  }

  /** What there is to read so far. */
  private get grown() {
    const { margin, preface, reply } = this
    return [preface, margin.before + reply.text].filter(Boolean).join('\n\n')
  }

  /** All there is to read in the end. */
  private compile(notice?: Message) {
    const { grown, margin, session, unseen } = this
    const after = margin.after(name => sentence(session, name))
    const below = [after, unseen, notice && sentence(session, ...notice)].filter(Boolean)
    return below.length ? [grown.trimEnd(), ...below].filter(Boolean).join('\n\n') : grown
  }

  /** What people are told about how an answer ended, beside the answer. */
  private conclude(signal: AbortSignal, error: unknown): Message | undefined {
    const { core, reply } = this
    if (core.life.aborted) return
    if (error === undefined) return reply.isTruncated ? ['truncated'] : undefined
    if (signal.aborted) return signal.reason === REPLACED ? ['replaced'] : ['stopped']
    return reply.text ? ['interrupted'] : explain(error)
  }

  /** There is no answer. What was asked before a newer question is still part of the conversation. */
  private async giveUp(question: Content, signal: AbortSignal, notice?: Message): Promise<h[] | undefined> {
    const { core, delivery, key } = this
    const isReplaced = signal.reason === REPLACED
    if (isReplaced) {
      const contents = [remembered(question)]
      await core.archive.record(key, { contents, tokens: estimateContents(contents), interrupted: true })
    }
    if (!notice && delivery.isOpen && this.farewell) await this.deliver(this.farewell)
    if (!notice) return
    const text = this.compile(notice)
    if (delivery.isOpen || !isReplaced) return this.answerOnce(text)
  }

  /** Says something in place of an answer. */
  private async answerOnce(text: string): Promise<h[] | undefined> {
    if (!this.delivery.isOpen) return [h.text(text)]
    await this.deliver(text)
  }

  private async record(turn: Parameters<Core['archive']['record']>[1], replaced?: StoredTurn) {
    const { archive, logger } = this.core
    try {
      if (replaced) await archive.rewind(this.key, replaced)
      await archive.record(this.key, turn)
    } catch (error) {
      logger.warn('the history is out of reach: %s', describe(error))
    }
  }

  private async deliver(text: string, failed = false) {
    try {
      await this.delivery.finish(text.trimEnd(), failed)
    } catch (error) {
      this.core.logger.warn('an answer could not be delivered: %s', describe(error))
    }
  }
}
