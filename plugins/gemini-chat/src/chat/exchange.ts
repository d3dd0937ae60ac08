import type { h, Session } from 'koishi'
import { recordUsage } from '../usage/record'
import { ask } from '../model/ask'
import type { AskOptions, AttemptResult, Question } from '../model/ask'
import { estimateContents, measureTurn } from '../conversation/tokens'
import type { StoredTurn } from '../conversation/history'
import type { Turn } from '../conversation/turn'
import type { RecalledTurns } from '../conversation/context-window'
import type { ChatContext } from './context'
import { EngineError } from '../engine/error'
import type { Content } from '../engine/types'
import { endNotice, REPLACED, operatorMessage } from '../messages/error-messages'
import { OutcomeMeter } from './outcome'
import { buildQuestion } from './request'
import { loadAttachments, reloadEarlierAttachments } from './attachments'
import { withoutLargeReferences } from '../media/reference'
import { modelName } from '../model/model-list'
import { AnswerLayout } from '../answer/layout'
import type { Reply } from '../answer/reply'
import { adaptationNotes } from './adaptation'
import { sendPictures, takesPictures } from './picture-delivery'
import { AnswerPresenter } from './presenter'
import { AnswerTools } from '../tool-calls/answer-tools'
import { answerInRounds } from '../tools/rounds'
import { summarise } from './summary'
import { localizeText } from '../messages/i18n'
import type { Message } from '../messages/i18n'

/** Without any sign of an answer for this long, a status is shown. */
const FIRST_SIGN_TIMEOUT_MS = 4000

/** One question and its answer: loads the history, asks, shows the answer as it grows, and stores both. */
export class Exchange {
  readonly presenter: AnswerPresenter
  /** Whether the conversation is still at this question: no other instance has gone on meanwhile. */
  isCurrent: () => Promise<boolean> = async () => true
  private readonly layout: AnswerLayout
  private readonly showsThoughts: boolean
  /** The platform shows by itself that an answer is being written. */
  private readonly platformShowsProgress: boolean

  /**
   * @param key of the conversation
   * @param isSilent shows nothing: the answer is for a plugin
   */
  constructor(
    readonly context: ChatContext, readonly session: Session, readonly key: string, private readonly isSilent = false,
  ) {
    const { formats, showThoughts } = context.config
    const { editInterval, markdown } = session.bot as { editInterval?: number, markdown?: boolean }
    this.presenter = new AnswerPresenter(context, session, isSilent)
    this.layout = new AnswerLayout(session)
    this.platformShowsProgress = markdown === true && editInterval === 0
    this.showsThoughts = showThoughts && markdown === true && !formats[session.platform]
  }

  /** The answer as far as it is. */
  get reply(): Reply {
    return this.layout.reply
  }

  /**
   * @param replaced the turn that this one replaces
   * @returns a reply to send, if there is no answer to deliver
   */
  async run(question: Content, signal: AbortSignal, replaced?: StoredTurn): Promise<h[] | undefined> {
    const { context, key, session, layout, presenter } = this
    const { reply } = layout
    if (presenter.isOpen) presenter.status('status.begun')
    const { turns, notices } = await this.recall(question, signal, replaced)
    layout.preface = notices.map(notice => localizeText(session, ...notice)).join('\n')
    const { content: asked, named, notice: unseen, left } = await loadAttachments(this, question, signal)
    if (!asked) return presenter.replaceStatus(unseen)
    layout.notes.push(unseen)
    const past = await reloadEarlierAttachments(this, turns, left, signal)
    const tools = await AnswerTools.choose(context, session, line => presenter.activity(line))
    const request = await buildQuestion(this, past, asked, this.showsThoughts, tools.declarations)
    const error = await this.streamAnswer(request, tools, signal)
    reply.error = error
    const notice = context.disposed.aborted ? undefined : endNotice(reply, signal, error)
    context.unanswered.set(key, reply.isSome || signal.aborted ? undefined : question)
    if (!reply.isSome && !reply.hasResults) return this.endWithoutAnswer(question, signal, notice)

    const contents = [withoutLargeReferences(named), ...reply.contents]
    const turn = { contents, tokens: measureTurn(contents, turns, reply.usage), interrupted: error !== undefined }
    await Promise.all([
      this.store(turn, replaced),
      this.show(notice, error !== undefined && !signal.aborted),
    ])
    context.ctx.emit(session, 'gemini/after-reply', reply, session)
  }

  /** An answer of which another instance has made a second one is not kept beside it. */
  private async store(turn: Turn, replaced?: StoredTurn) {
    const { context: { archive }, key } = this
    if (!await this.isCurrent()) return
    await (replaced ? archive.rewrite(key, replaced, turn) : archive.append(key, turn))
  }

  /** Shows the whole answer, its pictures last. */
  private async show(notice: Message | undefined, failed: boolean) {
    const { context, session, layout, presenter } = this
    const pictures = this.isSilent ? [] : layout.reply.pictures
    if (pictures.length && !takesPictures(session)) layout.notes.push(localizeText(session, 'picture.unsupported'))
    const text = layout.complete(notice) || (presenter.isOpen ? localizeText(session, 'picture.below') : '')
    if (text) await presenter.deliver(text, failed)
    if (pictures.length && takesPictures(session)) await sendPictures(context, session, pictures)
  }

  private async recall(question: Content, signal: AbortSignal, replaced?: StoredTurn): Promise<RecalledTurns> {
    const { context, key, session } = this
    const tokens = estimateContents([question])
    if (signal.aborted) return { turns: [], notices: [] }
    if (replaced) return { turns: await context.contextWindow.recallBefore(key, replaced, tokens), notices: [] }
    return context.contextWindow.recall(key, tokens, context.config.compaction ? (turns) => {
      this.presenter.status('status.compacting')
      return summarise(context, key, turns, signal, recordUsage(context.usageStore, session, signal))
    } : undefined)
  }

  /**
   * Streams the answer to its end.
   * @returns the error that interrupted it, if any
   */
  private async streamAnswer(request: Question, tools: AnswerTools, signal: AbortSignal): Promise<unknown> {
    const { context, context: { config }, key, session, layout, presenter } = this
    const { annotations, reply } = layout
    const observe = recordUsage(context.usageStore, session, signal)
    const heard = new AbortController()
    let last: AttemptResult = { model: '' }
    const meter = new OutcomeMeter(context, session)
    let failure: unknown
    try {
      if (!this.platformShowsProgress) void this.showThinking(heard.signal)
      signal.throwIfAborted()
      await context.ctx.serial(session, 'gemini/before-request', request, session)
      if (request.tools?.includes('search')) presenter.status('status.searching')
      const options: AskOptions = {
        ...context, signal,
        retries: config.requestRetries,
        onWait: ms => presenter.status('status.retry', { seconds: Math.ceil(ms / 1000) }),
        onThought: this.showsThoughts ? text => this.showThought(text) : undefined,
        onAttempt(attempt: AttemptResult) {
          observe(attempt)
          last = attempt
          if (attempt.error !== undefined && !reply.text) annotations.clearThoughts()
        },
      }
      for await (const event of answerInRounds(request.contents, {
        maxRounds: request.toolDeclarations?.length ? config.toolRounds : 0,
        // Signatures of thoughts are accepted by the model that wrote them.
        ask: (contents, mayCall) => ask({
          ...request, contents, preferred: last.model || request.preferred, ...!mayCall && request.toolDeclarations && { toolChoice: 'none' },
        }, options),
        signal,
        run: calls => tools.run(calls, signal, request.toolDeclarations),
      })) {
        if (event.type === 'results') {
          meter.round(last)
          reply.take(event)
          continue
        }
        // What was shown as the answer so far was thoughts.
        if (event.type === 'retract' && this.showsThoughts && !reply.hasResults) annotations.addThought(reply.text)
        annotations.take(event)
        if (reply.take(event)) presenter.update(layout.partial)
        if (reply.text) meter.text()
      }
      const { calls } = reply
      if (!reply.isSome) throw calls.length ? uncalled(calls, reply.rounds) : new EngineError('empty', 'the answer has no text')
      if (reply.reason === 'other') context.route.models.noteUnstatedEnd(last.model)
      const chosen = modelName(request.preferred ?? context.route.models.chosen[0] ?? '')
      const notice = context.fallbackNotices.notice(key, chosen, modelName(last.model))
      const notes = [...notice ? [notice] : [], ...adaptationNotes(last, request, context.fallbackNotices, key)]
      if (calls.length) notes.push(['uncalled', { names: calls.join(', ') }])
      layout.notes.push(...notes.map(note => localizeText(session, ...note)))
    } catch (error) {
      failure = error
      if (!reply.text) annotations.clearThoughts()
      if (!signal.aborted) context.logger.warn(operatorMessage(error))
      return error
    } finally {
      heard.abort()
      meter.end(last, signal, failure)
    }
  }

  /** Shows a status if nothing is visible after a few seconds. */
  private async showThinking(heard: AbortSignal) {
    const { context: { clock }, presenter } = this
    await clock.sleep(FIRST_SIGN_TIMEOUT_MS, heard)
    if (!heard.aborted && !presenter.isOpen) presenter.status('status.thinking')
  }

  /** Shows thoughts in place of a status until there is text. */
  private showThought(text: string) {
    const { layout, presenter } = this
    // Text that is visible must not move: after the first round, thoughts are not shown.
    if (layout.reply.text) return
    layout.annotations.addThought(text)
    if (layout.annotations.before) presenter.showProvisional(layout.partial.trimEnd())
  }

  /** Ends without an answer. A question that a newer one replaced stays part of the conversation. */
  private async endWithoutAnswer(question: Content, signal: AbortSignal, notice?: Message): Promise<h[] | undefined> {
    const { context, key, layout, presenter } = this
    const isReplaced = signal.reason === REPLACED
    if (isReplaced && await this.isCurrent()) {
      const contents = [withoutLargeReferences(question)]
      await context.archive.append(key, { contents, tokens: estimateContents(contents), interrupted: true })
    }
    if (!notice) return void await presenter.clearStatus()
    if (presenter.isOpen || !isReplaced) return presenter.replaceStatus(layout.complete(notice))
  }
}

/**
 * The model wants to call tools instead of answering, which leads nowhere.
 * @param rounds how often it has called tools before
 */
function uncalled(names: string[], rounds: number) {
  const detail = names.join(', ')
  if (rounds) return new EngineError('empty', `the model called tools ${rounds} times without an answer`, { reason: 'rounds', detail: String(rounds) })
  return new EngineError('empty', `the answer is a call of ${detail}, and there are no functions to call`, { reason: 'call', detail })
}
