import type { h, Session } from 'koishi'
import { recordUsage } from '../usage/record'
import { checkAdmission } from '../chat/admission'
import type { Chat } from '../chat/chat'
import { isSummary, isWorthCompacting } from '../conversation/compaction'
import type { StoredTurn } from '../conversation/history'
import { BusyError } from '../conversation/queue'
import { questionExcerpt } from '../conversation/turn'
import { describeError } from 'common/errors'
import { summarise } from '../chat/summary'
import { localize } from '../messages/i18n'

/** The commands that act on a conversation: stop, reset, back, retry and compact. */
export class ConversationCommands {
  constructor(private readonly chat: Chat) {}

  /** Stops the answer that is being written, and the waiting questions. */
  async stop(session: Session): Promise<h[]> {
    const { conversationQueue } = this.chat
    const key = await this.chat.conversationOf(session)
    const isStopped = conversationQueue.stopEverywhere(key) || await conversationQueue.isBusyAnywhere(key)
    return localize(session, isStopped ? 'stopped' : 'idle')
  }

  /**
   * Stops answers and deletes the conversation.
   * @param all whether to remove its preferences as well
   */
  async reset(session: Session, all = false): Promise<h[]> {
    const { archive, preferences, unanswered } = this.chat.context
    return this.change(session, async (key) => {
      await archive.clear(key)
      if (all) await preferences.update(key, { model: undefined, preset: undefined, search: undefined })
      unanswered.set(key)
      return localize(session, all ? 'reset-all' : 'reset')
    })
  }

  /** Stops answers and deletes the last turns. */
  async back(session: Session, count: number): Promise<h[]> {
    const { archive, unanswered } = this.chat.context
    return this.change(session, async (key) => {
      const turns = await archive.load(key)
      const first = turns.at(-count) ?? turns[0]
      unanswered.set(key)
      if (!first) return localize(session, 'nothing')
      await archive.rewind(key, first)
      const taken = turns.slice(turns.indexOf(first))
      return localize(session, 'back', { count: taken.length, question: questionExcerpt(taken[0]) })
    })
  }

  /** Asks the last question again and replaces its answer. */
  async retry(session: Session): Promise<h[] | undefined> {
    const { archive, unanswered } = this.chat.context
    const key = await this.chat.conversationOf(session)
    return this.chat.enqueue(session, key, async (exchange, signal) => {
      const open = unanswered.get(key)
      if (open) return exchange.run(open, signal)
      const last = (await archive.load(key, 0)).at(-1)
      return last && !isSummary(last) ? exchange.run(last.contents[0], signal, last) : localize(session, 'nothing')
    })
  }

  /** Replaces all turns but the last with a summary. */
  async compact(session: Session): Promise<h[]> {
    const { archive, config, contextWindow } = this.chat.context
    const refusal = await checkAdmission(this.chat.context, session)
    if (refusal) return localize(session, ...refusal)
    const key = await this.chat.conversationOf(session)
    return this.chat.conversationQueue.enqueue(key, async (signal) => {
      const turns = await archive.load(key)
      const old = turns.slice(0, -1)
      if (!isWorthCompacting(old)) return localize(session, 'too-short')
      const account = recordUsage(this.chat.context.usageStore, session, signal)
      const summarised = (turns: StoredTurn[]) => summarise(this.chat.context, key, turns, signal, account)
      const result = await contextWindow.compact(key, turns, old.length, summarised)
      return result ? localize(session, 'compacted-now', result.notices[0][1]) : localize(session, 'errors.compact')
    }, config.queue).catch((error) => {
      if (error instanceof BusyError) return localize(session, 'busy')
      throw error
    })
  }

  /** Stops answers, and changes the history once they have been stored. */
  private async change(session: Session, task: (key: string) => Promise<h[]>): Promise<h[]> {
    const { chat } = this
    const key = await chat.conversationOf(session)
    chat.conversationQueue.stopEverywhere(key)
    try {
      return await chat.conversationQueue.enqueue(key, () => task(key))
    } catch (error) {
      if (error instanceof BusyError) return localize(session, 'busy')
      chat.context.logger.warn('could not change the conversation history: %s', describeError(error))
      return localize(session, 'errors.reset')
    }
  }
}
