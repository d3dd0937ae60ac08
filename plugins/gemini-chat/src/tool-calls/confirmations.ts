import { randomBytes } from 'node:crypto'
import { SerialQueue, withTimeout } from 'common/async'
import type { Clock } from 'common/time'
import { h } from 'koishi'
import type { Logger, Session } from 'koishi'
import type { Config } from '../config'
import { traitsOf } from '../delivery/platforms'
import { render } from '../delivery/render'
import { localize, localizeText } from '../messages/i18n'
import type { Message } from '../messages/i18n'
import type { Confirmation } from '../tools/call'
import { userOf } from '../usage/usage-store'
import { describeError } from 'common/errors'

/** What people write to answer, where there are no buttons. */
const WORDS: Record<string, Answer> = {
  确认: 'confirmed', confirm: 'confirmed', 取消: 'declined', cancel: 'declined',
}

type Answer = Extract<Confirmation, 'confirmed' | 'declined'>

interface PendingQuestion {
  /** The conversation partner and the place: only this person can answer, and only here. */
  place: string
  userId: string
  settle(answer: Answer): void
}

export interface ConfirmationRequest {
  /** What is going to be done, for the log. */
  name: string
  /** The same for the person, as Markdown. */
  text: string
  signal: AbortSignal
}

export interface ConfirmationOptions {
  clock: Clock
  config: Pick<Config, 'confirmTimeout' | 'formats'>
  logger: Pick<Logger, 'info' | 'warn'>
}

/** Asks people whether a tool may do something. One question at a time per person and place; none is stored. */
export class Confirmations {
  private readonly pending = new Map<string, PendingQuestion>()
  private readonly queue = new SerialQueue()

  constructor(private readonly options: ConfirmationOptions) {}

  /** Asks the person whose message is being answered, and waits. Never rejects. */
  ask(session: Session, request: ConfirmationRequest): Promise<Confirmation> {
    return this.queue.run(JSON.stringify([placeOf(session), session.userId]), async () => {
      if (request.signal.aborted) return 'declined'
      const answer = await this.askNow(session, request).catch((error) => {
        this.options.logger.warn('could not ask whether a tool may run: %s', describeError(error))
        return 'unconfirmable' as const
      })
      this.options.logger.info('%s: %s by %s in channel %s', request.name, answer, userOf(session), session.channelId)
      return answer
    })
  }

  /**
   * Takes a message that answers.
   * @param text of the message, without the mention of the bot
   * @returns the reply to it; undefined if it answers nothing
   */
  takeMessage(session: Session, text: string): h[] | undefined {
    const word = text.trim().replace(/[\s。．.!！~～]+$/, '').toLowerCase()
    const answer = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined
    if (!answer) return
    const here = [...this.pending.values()].filter(({ place }) => place === placeOf(session))
    const own = here.find(({ userId }) => userId === session.userId)
    if (own) own.settle(answer)
    else if (!here.length) return
    return localize(session, own ? `confirm.${answer}` : 'confirm.not-yours')
  }

  /**
   * Takes a click on a button.
   * @returns the message for someone who may not answer; undefined otherwise
   */
  takeClick(session: Session): Message | undefined {
    const [, token = '', answer] = /^confirm:(\w+):(confirmed|declined)$/.exec(session.event.button?.id ?? '') ?? []
    const question = this.pending.get(token)
    if (!question || question.place !== placeOf(session)) return
    if (question.userId !== session.userId) return ['confirm.not-yours']
    question.settle(answer as Answer)
  }

  private async askNow(session: Session, { text, signal }: ConfirmationRequest): Promise<Confirmation> {
    const { bot, channelId, event: { referrer } } = session
    // A reply to this message is the only one there can be, and that is the answer.
    if (traitsOf(bot.platform).isAnsweredOnce) return 'unconfirmable'
    const { clock, config: { confirmTimeout, formats } } = this.options
    const token = randomBytes(12).toString('hex')
    let abort = () => {}
    const answered = new Promise<Answer>((resolve) => {
      this.pending.set(token, { place: placeOf(session), userId: session.userId!, settle: resolve })
      abort = () => resolve('declined')
    })
    signal.addEventListener('abort', abort, { once: true })
    try {
      const seconds = Math.round(confirmTimeout / 1000)
      const markdown = `${text}\n\n${localizeText(session, 'confirm.how', { seconds })}`
      const elements = [...render(markdown, bot, { formats }), ...buttons(session, token)]
      const ids = await bot.sendMessage(channelId!, elements, referrer, { session })
      const answer = await withTimeout(answered, confirmTimeout, clock, () => 'unanswered' as const)
      this.close(session, ids, `${text}\n\n${localizeText(session, `confirm.${answer}`)}`)
      return answer
    } finally {
      this.pending.delete(token)
      signal.removeEventListener('abort', abort)
    }
  }

  /** Shows the answer in place of the buttons, where messages can be edited. */
  private close({ bot, channelId }: Session, ids: string[], markdown: string) {
    if (!bot.editMessage || traitsOf(bot.platform).hasBrokenEdits || ids.length !== 1) return
    bot.editMessage(channelId!, ids[0], render(markdown, bot, this.options.config)).catch((error) => {
      this.options.logger.warn('could not show that a confirmation was answered: %s', describeError(error))
    })
  }
}

function placeOf({ platform, selfId, channelId }: Session): string {
  return JSON.stringify([platform, selfId, channelId])
}

/** The id of a button is random, so that a click on an old card answers nothing. */
function buttons(session: Session, token: string): h[] {
  return (['confirmed', 'declined'] as const).map((answer) => {
    return h('button', { id: `confirm:${token}:${answer}` }, h.text(localizeText(session, `confirm.buttons.${answer}`)))
  })
}
