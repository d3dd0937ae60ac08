import { h, type Session } from 'koishi'
import { charge } from './account'
import { ask, type Attempt, type Question } from './ask'
import { estimateContents, measure } from './conversation/budget'
import type { StoredTurn } from './conversation/history'
import type { Recollection } from './conversation/memory'
import type { Core } from './core'
import { createDelivery, type Delivery, targetOf } from './delivery/delivery'
import { GeminiError } from './engine/error'
import type { Content } from './engine/types'
import { conclude, describe, REPLACED, report } from './failure'
import { compose, load } from './inquiry'
import { remembered } from './media/reference'
import { bare } from './models'
import { Sheet } from './sheet'
import { summarise } from './summary'
import { type Message, say, sentence } from './text'

/** Their adapters can answer a message once: nothing may be said before the answer. */
const taciturn = new Set(['wechat-official'])

/** One question and its answer: from what is remembered to what is read, and back into memory. */
export class Exchange {
  private readonly delivery: Delivery
  private readonly sheet: Sheet
  /** What takes the place of a status when the plugin goes, and its texts before it. */
  private farewell = ''
  private readonly isThoughtful: boolean

  /** @param key names the conversation */
  constructor(readonly core: Core, readonly session: Session, readonly key: string) {
    const { deliver, config: { formats, showThoughts, streaming } } = core
    const { markdown } = session.bot as { markdown?: boolean }
    this.sheet = new Sheet(session)
    this.delivery = deliver?.(session) ?? createDelivery(targetOf(session, core.config), { ...core, streaming })
    this.isThoughtful = showThoughts && markdown === true && !formats[session.platform]
  }

  /** Shows what is going on, while there is nothing of the answer to be seen. */
  status(...message: Message) {
    this.show(sentence(this.session, ...message))
  }

  /** Says that the question waits: in a message of its own, where it could not be taken away again. */
  async queue(ahead: number) {
    const { delivery, session } = this
    const message: Message = ['status.queued', { ahead }]
    if (delivery.status) this.status(...message)
    else if (!taciturn.has(session.bot.platform!)) await session.send(say(session, ...message))
  }

  /**
   * @param replaced the turn in whose place this one is to stand
   * @returns what there is to say when there is no answer
   */
  async run(question: Content, signal: AbortSignal, replaced?: StoredTurn): Promise<h[] | undefined> {
    const { core, delivery, key, session, sheet } = this
    const { reply } = sheet
    if (delivery.isOpen) this.status('status.begun')
    const { turns, notices } = await this.recall(question, signal, replaced)
    sheet.preface = notices.map(notice => sentence(session, ...notice)).join('\n')
    const { content: asked, notice: unseen } = await load(this, question, signal)
    if (!asked) return this.answerOnce(unseen)
    sheet.notes.push(unseen)
    const error = await this.listen(await compose(this, turns, asked, this.isThoughtful), signal)
    const notice = core.life.aborted ? undefined : conclude(reply, signal, error)
    core.unanswered.set(key, reply.text || signal.aborted ? undefined : question)
    if (!reply.text) return this.giveUp(question, signal, notice)

    const contents = [remembered(question), reply.content]
    const tokens = measure(contents, turns, reply.usage)
    await Promise.all([
      this.record({ contents, tokens, interrupted: error !== undefined }, replaced),
      this.deliver(sheet.compile(notice), error !== undefined && !signal.aborted),
    ])
    core.ctx.emit(session, 'gemini/after-reply', reply, session)
  }

  private show(line: string) {
    this.farewell = sentence(this.session, 'stopped')
    this.delivery.status?.(line)
  }

  private async recall(question: Content, signal: AbortSignal, replaced?: StoredTurn): Promise<Recollection> {
    const { core, key, session } = this
    const tokens = estimateContents([question])
    if (signal.aborted) return { turns: [], notices: [] }
    if (replaced) return { turns: await core.memory.before(key, replaced, tokens), notices: [] }
    return core.memory.recall(key, tokens, core.config.compaction ? (turns) => {
      this.status('status.compacting')
      return summarise(core, key, turns, signal, charge(core.ledger, session, signal))
    } : undefined)
  }

  /**
   * Puts the question and listens to the end.
   * @returns what went wrong, if anything did
   */
  private async listen(request: Question, signal: AbortSignal): Promise<unknown> {
    const { core, delivery, key, session, sheet } = this
    const { margin, reply } = sheet
    const observe = charge(core.ledger, session, signal)
    let model = ''
    let silent = true
    try {
      signal.throwIfAborted()
      await core.ctx.serial(session, 'gemini/before-request', request, session)
      if (request.tools?.some(tool => 'googleSearch' in tool)) this.status('status.searching')
      for await (const event of ask(request, {
        ...core, signal,
        retries: core.config.requestRetries,
        waiting: ms => this.status('status.retry', { seconds: Math.ceil(ms / 1000) }),
        thinking: this.isThoughtful ? text => this.think(text) : undefined,
        observe(attempt: Attempt) {
          observe(attempt)
          model = attempt.model
          if (attempt.error !== undefined && !reply.text) margin.forget()
        },
      })) {
        silent &&= event.type !== 'text'
        margin.take(event)
        if (reply.take(event)) delivery.update(sheet.grown)
      }
      if (silent) throw new GeminiError('empty', 'the answer has no text')
      const notice = core.substitutes.notice(key, bare(request.preferred ?? core.config.model), bare(model))
      if (notice) sheet.notes.push(sentence(session, ...notice))
    } catch (error) {
      if (!reply.text) margin.forget()
      if (!signal.aborted) core.logger.warn(report(error))
      return error
    }
  }

  /** Thoughts stand where a status does until there is something behind them. */
  private think(text: string) {
    const { sheet } = this
    sheet.margin.think(text)
    if (sheet.margin.before) this.show(sheet.grown.trimEnd())
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
    const text = this.sheet.compile(notice)
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
