import { EngineError } from '../engine/error'
import { LruMap } from 'common/collections'
import type { Message } from '../messages/i18n'
import type { Archive } from './archive'
import { fitTurns } from './tokens'
import { formatTokens, isWorthCompacting, summaryTurn, sumTokens } from './compaction'
import type { StoredTurn } from './history'
import type { Clock } from 'common/time'

/** The turns to send with a question, and notices about them for the reader. */
export interface RecalledTurns {
  turns: StoredTurn[]
  notices: Message[]
}

export interface ContextWindowOptions {
  /** Tokens per conversation, question included. */
  budget: number
  /** Milliseconds without a message after which a conversation ends; 0 is never. */
  expiry: number
  clock: Pick<Clock, 'now' | 'monotonic'>
}

/** Conversations whose use, expiry or failed compaction is remembered. */
const MAX_REMEMBERED_CONVERSATIONS = 1000

/** After a failed compaction, the next one waits until the conversation has grown by this factor. */
const COMPACTION_RETRY_GROWTH = 1.25

/** Summarises turns. @throws when that fails */
export type Summarise = (turns: StoredTurn[]) => Promise<string>

/** Decides which turns of a conversation are sent with a question, and which are summarised or forgotten. */
export class ContextWindow {
  /** Conversations that were deleted as idle, until their next question. */
  private readonly expired = new LruMap<string, true>({ capacity: MAX_REMEMBERED_CONVERSATIONS })
  /** When conversations were used last by the monotonic clock: the times of stored turns move with the wall clock. */
  private readonly usedAt = new LruMap<string, number>({ capacity: MAX_REMEMBERED_CONVERSATIONS })
  /** Tokens a conversation needs before its next compaction is tried; 0 if the last one was stopped. */
  private readonly compactionThresholds = new LruMap<string, number>({ capacity: MAX_REMEMBERED_CONVERSATIONS })

  constructor(private readonly archive: Archive, private readonly options: ContextWindowOptions) {}

  /**
   * The turns to send with a question. An expired conversation is deleted. One beyond the budget is compacted; where
   * that fails its oldest turns are left out, and kept up to twice the budget for another try.
   * @param question tokens of the question
   * @param summarise without it, nothing is compacted
   */
  async recall(scope: string, question: number, summarise?: Summarise): Promise<RecalledTurns> {
    const wasDeleted = this.expired.delete(scope)
    const turns = await this.archive.load(scope, this.maxKeptTokens)
    const { budget, expiry, clock } = this.options
    const last = turns.at(-1)
    const isInUse = this.isInUse(scope)
    this.usedAt.set(scope, clock.monotonic())
    if (wasDeleted && !last) return { turns: [], notices: [['expired']] }
    if (expiry && last && !isInUse && clock.now() - last.at > expiry) {
      await this.archive.forget(scope, last)
      return { turns: [], notices: [['expired']] }
    }
    const notices: Message[] = []
    const tokens = sumTokens(turns)
    if (summarise && tokens > budget - question && tokens >= (this.compactionThresholds.get(scope) ?? 0)) {
      const recent = fitTurns(turns, budget / 4).length || fitTurns(turns.slice(-1), budget / 2).length
      const compacted = await this.compact(scope, turns, turns.length - recent, summarise)
      if (compacted) return { ...compacted, turns: fitTurns(compacted.turns, budget - question) }
      if (this.compactionThresholds.get(scope)) notices.push(['left-out'])
    }
    const hasFailed = summarise && this.compactionThresholds.has(scope)
    await this.forgetBeyond(scope, turns, hasFailed ? this.maxKeptTokens : budget)
    return { turns: fitTurns(turns, budget - question), notices }
  }

  /** The turns to send with a question that is asked again: those before `turn`. Deletes nothing. */
  async recallBefore(scope: string, turn: StoredTurn, question: number): Promise<StoredTurn[]> {
    const turns = await this.archive.load(scope, this.options.budget + turn.tokens)
    return fitTurns(turns.filter(({ id }) => id < turn.id), this.options.budget - question)
  }

  /**
   * Replaces the first `count` turns with their summary.
   * @returns undefined if they are too short to be worth it, or if it failed
   */
  async compact(
    scope: string, turns: StoredTurn[], count: number, summarise: Summarise,
  ): Promise<RecalledTurns | undefined> {
    const old = turns.slice(0, count)
    const last = old.at(-1)
    if (!last || !isWorthCompacting(old)) return
    let isStopped = false
    const summary = await summarise(old).then(text => summaryTurn(text, old), (error) => {
      isStopped = error instanceof EngineError && error.kind === 'aborted'
      return undefined
    })
    if (!summary) {
      const threshold = Math.min(sumTokens(turns) * COMPACTION_RETRY_GROWTH, this.maxKeptTokens)
      this.compactionThresholds.set(scope, isStopped ? 0 : threshold)
      return
    }
    this.compactionThresholds.delete(scope)
    await this.archive.condense(scope, last, summary)
    const kept = [{ ...summary, id: last.id, at: last.at }, ...turns.slice(count)]
    const notice: Message = ['compacted', { before: formatTokens(sumTokens(turns)), after: formatTokens(sumTokens(kept)) }]
    return { turns: kept, notices: [notice] }
  }

  /**
   * Deletes all expired conversations.
   * @param isBusy whether a conversation has a question to be answered, which keeps it
   */
  async expireIdle(isBusy: (scope: string) => boolean) {
    const { expiry, clock } = this.options
    for (const end of await this.archive.findIdle(clock.now() - expiry)) {
      if (isBusy(end.scope) || this.isInUse(end.scope)) continue
      this.expired.set(end.scope, true)
      await this.archive.forget(end.scope, end)
    }
  }

  private isInUse(scope: string): boolean {
    const { expiry, clock } = this.options
    return clock.monotonic() - (this.usedAt.peek(scope) ?? -Infinity) <= expiry
  }

  /** Tokens that are kept of a conversation whose compaction failed. */
  private get maxKeptTokens() {
    return 2 * this.options.budget
  }

  /** Deletes the oldest turns beyond `room` tokens. */
  private async forgetBeyond(scope: string, turns: StoredTurn[], room: number) {
    const dropped = turns.at(-fitTurns(turns, room).length - 1)
    if (dropped) await this.archive.forget(scope, dropped)
  }
}

/** Conversations end after this at the latest: those of people who have left would stay for ever. */
export const MAX_IDLE_MS = 366 * 86_400_000

const MIN_EXPIRY_INTERVAL_MS = 1000
const MAX_EXPIRY_INTERVAL_MS = 3_600_000

export interface ExpiryOptions {
  /** Milliseconds without a message after which a conversation ends. */
  expiry: number
  clock: Clock
  signal: AbortSignal
  isBusy(scope: string): boolean
}

/**
 * Deletes expired conversations in the background until the signal aborts, so that those of people who never come back
 * do not stay. Never rejects.
 */
export async function keepExpiring(
  contextWindow: Pick<ContextWindow, 'expireIdle'>, { expiry, clock, signal, isBusy }: ExpiryOptions,
) {
  const pause = Math.min(Math.max(expiry, MIN_EXPIRY_INTERVAL_MS), MAX_EXPIRY_INTERVAL_MS)
  for (;;) {
    await clock.sleep(pause, signal)
    if (signal.aborted) return
    await contextWindow.expireIdle(isBusy)
  }
}
