import { h, type Session } from 'koishi'
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
import { summarise } from './summary'
import { type Message, sentence } from './text'

/** Why a task was aborted: a newer message took its place. */
export const REPLACED = 'replaced'

/** One question and its answer: from what is remembered to what is read, and back into memory. */
export class Exchange {
  private readonly delivery: Delivery
  private readonly reply = new Reply()
  /** What is said ahead of the answer. */
  private preface = ''

  /** @param key names the conversation */
  constructor(private readonly core: Core, private readonly session: Session, private readonly key: string) {
    const { streaming } = core.config
    this.delivery = core.deliver?.(session) ?? createDelivery(targetOf(session, core.config), { ...core, streaming })
  }

  /** Shows what is going on, while there is nothing of the answer to be seen. */
  status(...message: Message) {
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
    const error = await this.listen(await this.compose(turns, question), signal)
    const notice = this.conclude(signal, error)
    core.unanswered.set(key, reply.text || signal.aborted ? undefined : question)
    if (!reply.text) return this.giveUp(question, signal, notice)

    const contents = [question, reply.content]
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
    const { turns } = await core.memory.recall(key, tokens)
    return { turns: turns.filter(({ id }) => id < replaced.id), notices: [] }
  }

  private async summarise(turns: StoredTurn[], signal: AbortSignal) {
    this.status('status.compacting')
    return summarise(this.core, this.key, turns, signal)
  }

  private async compose(turns: StoredTurn[], question: Content): Promise<Question> {
    const { core: { choices, clock, config }, key, session } = this
    const { model, preset } = await choices.load(key)
    const prompt = (preset !== undefined && config.presets[preset]) || config.instructions
    const variables = { date: new Date(clock.now()), user: nameOf(session), platform: session.platform }
    return {
      contents: [...replay(turns), question],
      system: [fill(prompt, variables), key.startsWith('channel:') && COMPANY].filter(Boolean).join('\n\n') || undefined,
      preferred: model,
    }
  }

  /**
   * Puts the question and listens to the end.
   * @returns what went wrong, if anything did
   */
  private async listen(request: Question, signal: AbortSignal): Promise<unknown> {
    const { core, delivery, reply, session } = this
    let silent = true
    try {
      signal.throwIfAborted()
      await core.ctx.serial(session, 'gemini/before-request', request, session)
      for await (const event of ask(request, { ...core, retries: core.config.requestRetries, signal })) {
        silent &&= event.type !== 'text'
        if (reply.take(event)) delivery.update(this.compile())
      }
      if (silent) throw new GeminiError('empty', 'the answer has no text')
    } catch (error) {
      if (!signal.aborted) core.logger.warn(report(error))
      return error
    }
  }

  /** All there is to read, so far. */
  private compile(notice?: Message) {
    const { preface, reply, session } = this
    const text = notice ? reply.text.trimEnd() : reply.text
    return [preface, text, notice && sentence(session, ...notice)].filter(Boolean).join('\n\n')
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
      await core.archive.record(key, { contents: [question], tokens: estimateContents([question]), interrupted: true })
    }
    if (!notice) return
    const text = this.compile(notice)
    if (delivery.isOpen) await this.deliver(text)
    else if (!isReplaced) return [h.text(text)]
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
