import type { h, Session } from 'koishi'
import { charge } from '../usage/record'
import { admit } from '../chat/admission'
import type { Chat } from '../chat/chat'
import { isSummary, isWorthwhile } from '../conversation/compaction'
import type { StoredTurn } from '../conversation/history'
import { BusyError } from '../conversation/queue'
import { excerpt } from '../conversation/turn'
import { describeError } from '../util/describe-error'
import { summarise } from '../chat/summary'
import { say } from '../messages/i18n'

/** What people can do with a conversation besides talking. */
export class Control {
  constructor(private readonly chat: Chat) {}

  /** Ends the answer that is being written, and those that wait. */
  async stop(session: Session): Promise<h[]> {
    return say(session, this.chat.mailbox.stop(await this.chat.locate(session)) ? 'stopped' : 'idle')
  }

  /**
   * Ends what is being written, and forgets the conversation.
   * @param all forgets what was chosen for it as well
   */
  async reset(session: Session, all = false): Promise<h[]> {
    const { archive, choices, unanswered } = this.chat.core
    return this.change(session, async (key) => {
      await archive.clear(key)
      if (all) await choices.choose(key, { model: undefined, preset: undefined, search: undefined })
      unanswered.set(key)
      return say(session, all ? 'reset-all' : 'reset')
    })
  }

  /** Takes back the last turns, with the answer that is being written. */
  async back(session: Session, count: number): Promise<h[]> {
    const { archive, unanswered } = this.chat.core
    return this.change(session, async (key) => {
      const turns = await archive.recall(key)
      const first = turns.at(-count) ?? turns[0]
      unanswered.set(key)
      if (!first) return say(session, 'nothing')
      await archive.rewind(key, first)
      const taken = turns.slice(turns.indexOf(first))
      return say(session, 'back', { count: taken.length, question: excerpt(taken[0]) })
    })
  }

  /** Puts the last question again, in place of the answer it had. */
  async retry(session: Session): Promise<h[] | undefined> {
    const { archive, unanswered } = this.chat.core
    const key = await this.chat.locate(session)
    return this.chat.admit(session, key, async (exchange, signal) => {
      const open = unanswered.get(key)
      if (open) return exchange.run(open, signal)
      const last = (await archive.recall(key)).at(-1)
      return last && !isSummary(last) ? exchange.run(last.contents[0], signal, last) : say(session, 'nothing')
    })
  }

  /** Sums up the conversation up to its last turn. */
  async compact(session: Session): Promise<h[]> {
    const { archive, config, memory } = this.chat.core
    const refusal = await admit(this.chat.core, session)
    if (refusal) return say(session, ...refusal)
    const key = await this.chat.locate(session)
    return this.chat.mailbox.post(key, async (signal) => {
      const turns = await archive.recall(key)
      const old = turns.slice(0, -1)
      if (!isWorthwhile(old)) return say(session, 'too-short')
      const account = charge(this.chat.core.ledger, session, signal)
      const summarised = (turns: StoredTurn[]) => summarise(this.chat.core, key, turns, signal, account)
      const result = await memory.compact(key, turns, old.length, summarised)
      return result ? say(session, 'compacted-now', result.notices[0][1]) : say(session, 'errors.compact')
    }, config.queue).catch((error) => {
      if (error instanceof BusyError) return say(session, 'busy')
      throw error
    })
  }

  /** Changes what is remembered, once what is being written has written down how far it came. */
  private async change(session: Session, task: (key: string) => Promise<h[]>): Promise<h[]> {
    const { chat } = this
    const key = await chat.locate(session)
    chat.mailbox.stop(key)
    try {
      return await chat.mailbox.post(key, () => task(key))
    } catch (error) {
      if (error instanceof BusyError) return say(session, 'busy')
      chat.core.logger.warn('the history could not be changed: %s', describeError(error))
      return say(session, 'errors.reset')
    }
  }
}
