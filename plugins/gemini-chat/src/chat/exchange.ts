import type { h, Session } from 'koishi'
import { charge } from '../usage/record'
import { ask } from '../model/ask'
import type { Attempt, Question } from '../model/ask'
import { estimateContents, measure } from '../conversation/tokens'
import type { StoredTurn } from '../conversation/history'
import type { Recollection } from '../conversation/context-window'
import type { Core } from './context'
import { GeminiError } from '../engine/error'
import type { Content } from '../engine/types'
import { conclude, REPLACED, report } from '../messages/error-messages'
import { compose } from './request'
import { load, revive } from './attachments'
import { remembered } from '../media/reference'
import { bare } from '../model/model-list'
import { Sheet } from '../answer/layout'
import { Stage } from './presenter'
import { summarise } from './summary'
import { sentence } from '../messages/i18n'
import type { Message } from '../messages/i18n'

/** After so many milliseconds without a sign somebody may think that nothing happens. */
const PATIENCE = 4000

/** One question and its answer: from what is remembered to what is read, and back into memory. */
export class Exchange {
  readonly stage: Stage
  private readonly sheet: Sheet
  private readonly isThoughtful: boolean
  /** The adapter shows by itself that there will be an answer. */
  private readonly isLively: boolean

  /** @param key names the conversation */
  constructor(readonly core: Core, readonly session: Session, readonly key: string) {
    const { formats, showThoughts } = core.config
    const { markdown } = session.bot as { markdown?: boolean }
    this.stage = new Stage(core, session)
    this.sheet = new Sheet(session)
    this.isLively = markdown === true
    this.isThoughtful = showThoughts && markdown === true && !formats[session.platform]
  }

  /**
   * @param replaced the turn in whose place this one is to stand
   * @returns what there is to say when there is no answer
   */
  async run(question: Content, signal: AbortSignal, replaced?: StoredTurn): Promise<h[] | undefined> {
    const { core, key, session, sheet, stage } = this
    const { reply } = sheet
    if (stage.isOpen) stage.status('status.begun')
    const { turns, notices } = await this.recall(question, signal, replaced)
    sheet.preface = notices.map(notice => sentence(session, ...notice)).join('\n')
    const { content: asked, notice: unseen, left } = await load(this, question, signal)
    if (!asked) return stage.say(unseen)
    sheet.notes.push(unseen)
    const past = await revive(this, turns, left, signal)
    const error = await this.listen(await compose(this, past, asked, this.isThoughtful), signal)
    const notice = core.life.aborted ? undefined : conclude(reply, signal, error)
    core.unanswered.set(key, reply.text || signal.aborted ? undefined : question)
    if (!reply.text) return this.giveUp(question, signal, notice)

    const contents = [remembered(question), reply.content]
    const turn = { contents, tokens: measure(contents, turns, reply.usage), interrupted: error !== undefined }
    await Promise.all([
      replaced ? core.archive.rewrite(key, replaced, turn) : core.archive.record(key, turn),
      stage.deliver(sheet.compile(notice), error !== undefined && !signal.aborted),
    ])
    core.ctx.emit(session, 'gemini/after-reply', reply, session)
  }

  private async recall(question: Content, signal: AbortSignal, replaced?: StoredTurn): Promise<Recollection> {
    const { core, key, session } = this
    const tokens = estimateContents([question])
    if (signal.aborted) return { turns: [], notices: [] }
    if (replaced) return { turns: await core.memory.before(key, replaced, tokens), notices: [] }
    return core.memory.recall(key, tokens, core.config.compaction ? (turns) => {
      this.stage.status('status.compacting')
      return summarise(core, key, turns, signal, charge(core.ledger, session, signal))
    } : undefined)
  }

  /**
   * Puts the question and listens to the end.
   * @returns what went wrong, if anything did
   */
  private async listen(request: Question, signal: AbortSignal): Promise<unknown> {
    const { core, key, session, sheet, stage } = this
    const { margin, reply } = sheet
    const observe = charge(core.ledger, session, signal)
    const heard = new AbortController()
    let model = ''
    let silent = true
    try {
      if (!this.isLively) void this.reassure(heard.signal)
      signal.throwIfAborted()
      await core.ctx.serial(session, 'gemini/before-request', request, session)
      if (request.tools?.some(tool => 'googleSearch' in tool)) stage.status('status.searching')
      for await (const event of ask(request, {
        ...core, signal,
        retries: core.config.requestRetries,
        waiting: ms => stage.status('status.retry', { seconds: Math.ceil(ms / 1000) }),
        thinking: this.isThoughtful ? text => this.think(text) : undefined,
        observe(attempt: Attempt) {
          observe(attempt)
          model = attempt.model
          if (attempt.error !== undefined && !reply.text) margin.forget()
        },
      })) {
        silent &&= event.type !== 'text'
        margin.take(event)
        if (reply.take(event)) stage.show(sheet.grown)
      }
      if (silent) throw new GeminiError('empty', 'the answer has no text')
      const notice = core.substitutes.notice(key, bare(request.preferred ?? core.config.model), bare(model))
      if (notice) sheet.notes.push(sentence(session, ...notice))
    } catch (error) {
      if (!reply.text) margin.forget()
      if (!signal.aborted) core.logger.warn(report(error))
      return error
    } finally {
      heard.abort()
    }
  }

  /** Says that there will be an answer, unless there was a sign of it before long. */
  private async reassure(heard: AbortSignal) {
    const { core: { clock }, stage } = this
    await clock.sleep(PATIENCE, heard)
    if (!heard.aborted && !stage.isOpen) stage.status('status.thinking')
  }

  /** Thoughts stand where a status does until there is something behind them. */
  private think(text: string) {
    const { sheet, stage } = this
    sheet.margin.think(text)
    if (sheet.margin.before) stage.hold(sheet.grown.trimEnd())
  }

  /** There is no answer. What was asked before a newer question is still part of the conversation. */
  private async giveUp(question: Content, signal: AbortSignal, notice?: Message): Promise<h[] | undefined> {
    const { core, key, sheet, stage } = this
    const isReplaced = signal.reason === REPLACED
    if (isReplaced) {
      const contents = [remembered(question)]
      await core.archive.record(key, { contents, tokens: estimateContents(contents), interrupted: true })
    }
    if (!notice) return void await stage.leave()
    if (stage.isOpen || !isReplaced) return stage.say(sheet.compile(notice))
  }
}
