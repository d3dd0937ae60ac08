import { EngineError } from '../engine/error'
import { LruMap } from 'common/collections'
import type { Message } from '../messages/i18n'
import type { Archive } from './archive'
import { fitTurns } from './tokens'
import { isWorthCompacting, formatTokens, summaryTurn, sumTokens } from './compaction'
import type { StoredTurn } from './history'
import type { Clock } from '../util/clock'

/** What is sent along with a question, and what there is to say about it. */
export interface RecalledTurns {
  turns: StoredTurn[]
  notices: Message[]
}

export interface ContextWindowOptions {
  /** Tokens per conversation, with the question. */
  budget: number
  /** After so many milliseconds without a word a conversation is over. 0: never. */
  expiry: number
  now(): number
}

/** How many conversations that were swept away are told so when they are taken up again. */
const MAX_REMEMBERED_CONVERSATIONS = 1000

/** Where summing up has failed, it is not tried again before there is so much more to sum up. */
const COMPACTION_RETRY_GROWTH = 1.25

/** Sums up turns. @throws when that fails */
export type Summarise = (turns: StoredTurn[]) => Promise<string>

/** Decides what of a conversation is remembered, and in which form. */
export class ContextWindow {
  /** Conversations that were swept away, and are not taken up again yet. */
  private readonly expired = new LruMap<string, true>({ capacity: MAX_REMEMBERED_CONVERSATIONS })
  /** How many tokens conversations must have before it is tried again to sum them up. */
  private readonly compactionThresholds = new LruMap<string, number>({ capacity: MAX_REMEMBERED_CONVERSATIONS })

  constructor(private readonly archive: Archive, private readonly options: ContextWindowOptions) {}

  /**
   * The turns to send along with a question. What is too old is forgotten; what is too much is summed up, and where
   * that fails the oldest turns are left out, but kept for a while: the next try may succeed.
   * @param question how many tokens the question takes
   * @param summarise left out: nothing is summed up
   */
  async recall(scope: string, question: number, summarise?: Summarise): Promise<RecalledTurns> {
    const isSwept = this.expired.delete(scope)
    const turns = await this.archive.load(scope)
    const { budget, expiry, now } = this.options
    const last = turns.at(-1)
    if (isSwept && !last) return { turns: [], notices: [['expired']] }
    if (expiry && last && now() - last.at > expiry) {
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

  /** The turns to send along with a question that is put again: those before it. Nothing is forgotten. */
  async recallBefore(scope: string, turn: StoredTurn, question: number): Promise<StoredTurn[]> {
    const turns = await this.archive.load(scope)
    return fitTurns(turns.filter(({ id }) => id < turn.id), this.options.budget - question)
  }

  /**
   * Sums up the first so many turns.
   * @returns nothing when it was not worth it, or failed
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
   * Forgets all conversations that are over, without waiting for anybody to speak.
   * @param isBusy whether there is something to be answered in one: that goes on
   */
  async expireIdle(isBusy: (scope: string) => boolean) {
    const { expiry, now } = this.options
    for (const end of await this.archive.findIdle(now() - expiry)) {
      if (isBusy(end.scope)) continue
      this.expired.set(end.scope, true)
      await this.archive.forget(end.scope, end)
    }
  }

  /** How many tokens are kept of what could not be summed up. */
  private get maxKeptTokens() {
    return 2 * this.options.budget
  }

  /** What is beyond so many tokens is never sent along again. */
  private async forgetBeyond(scope: string, turns: StoredTurn[], room: number) {
    const dropped = turns.at(-fitTurns(turns, room).length - 1)
    if (dropped) await this.archive.forget(scope, dropped)
  }
}

const MIN_EXPIRY_INTERVAL_MS = 1000
const MAX_EXPIRY_INTERVAL_MS = 3_600_000

export interface ExpiryOptions {
  /** After so many milliseconds without a word a conversation is over. */
  expiry: number
  clock: Clock
  signal: AbortSignal
  isBusy(scope: string): boolean
}

/**
 * Forgets what is over again and again, in the background, until the signal aborts: whoever never comes back is not
 * kept for ever. Never rejects.
 */
export async function keepExpiring(memory: Pick<ContextWindow, 'expireIdle'>, { expiry, clock, signal, isBusy }: ExpiryOptions) {
  const pause = Math.min(Math.max(expiry, MIN_EXPIRY_INTERVAL_MS), MAX_EXPIRY_INTERVAL_MS)
  for (;;) {
    await clock.sleep(pause, signal)
    if (signal.aborted) return
    await memory.expireIdle(isBusy)
  }
}
