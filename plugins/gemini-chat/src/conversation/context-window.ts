import { GeminiError } from '../engine/error'
import { Recent } from '../util/lru-map'
import type { Message } from '../messages/i18n'
import type { Archive } from './archive'
import { fit } from './tokens'
import { isWorthwhile, roughly, summaryTurn, total } from './compaction'
import type { StoredTurn } from './history'
import type { Clock } from '../util/clock'

/** What is sent along with a question, and what there is to say about it. */
export interface Recollection {
  turns: StoredTurn[]
  notices: Message[]
}

export interface MemoryOptions {
  /** Tokens per conversation, with the question. */
  budget: number
  /** After so many milliseconds without a word a conversation is over. 0: never. */
  expiry: number
  now(): number
}

/** How many conversations that were swept away are told so when they are taken up again. */
const NOTED = 1000

/** Where summing up has failed, it is not tried again before there is so much more to sum up. */
const PATIENCE = 1.25

/** Sums up turns. @throws when that fails */
export type Summarise = (turns: StoredTurn[]) => Promise<string>

/** Decides what of a conversation is remembered, and in which form. */
export class Memory {
  /** Conversations that were swept away, and are not taken up again yet. */
  private readonly swept = new Recent<string, true>(NOTED)
  /** How many tokens conversations must have before it is tried again to sum them up. */
  private readonly vain = new Recent<string, number>(NOTED)

  constructor(private readonly archive: Archive, private readonly options: MemoryOptions) {}

  /**
   * The turns to send along with a question. What is too old is forgotten; what is too much is summed up, and where
   * that fails the oldest turns are left out, but kept for a while: the next try may succeed.
   * @param question how many tokens the question takes
   * @param summarise left out: nothing is summed up
   */
  async recall(scope: string, question: number, summarise?: Summarise): Promise<Recollection> {
    const isSwept = this.swept.delete(scope)
    const turns = await this.archive.recall(scope)
    const { budget, expiry, now } = this.options
    const last = turns.at(-1)
    if (isSwept && !last) return { turns: [], notices: [['expired']] }
    if (expiry && last && now() - last.at > expiry) {
      await this.archive.forget(scope, last)
      return { turns: [], notices: [['expired']] }
    }
    const notices: Message[] = []
    if (summarise && total(turns) > budget - question && total(turns) >= (this.vain.get(scope) ?? 0)) {
      const recent = fit(turns, budget / 4).length || fit(turns.slice(-1), budget / 2).length
      const compacted = await this.compact(scope, turns, turns.length - recent, summarise)
      if (compacted) return { ...compacted, turns: fit(compacted.turns, budget - question) }
      if (this.vain.get(scope)) notices.push(['left-out'])
    }
    await this.forget(scope, turns, summarise && this.vain.has(scope) ? this.most : budget)
    return { turns: fit(turns, budget - question), notices }
  }

  /** The turns to send along with a question that is put again: those before it. Nothing is forgotten. */
  async before(scope: string, turn: StoredTurn, question: number): Promise<StoredTurn[]> {
    const turns = await this.archive.recall(scope)
    return fit(turns.filter(({ id }) => id < turn.id), this.options.budget - question)
  }

  /**
   * Sums up the first so many turns.
   * @returns nothing when it was not worth it, or failed
   */
  async compact(
    scope: string, turns: StoredTurn[], count: number, summarise: Summarise,
  ): Promise<Recollection | undefined> {
    const old = turns.slice(0, count)
    const last = old.at(-1)
    if (!last || !isWorthwhile(old)) return
    let isStopped = false
    const summary = await summarise(old).then(text => summaryTurn(text, old), (error) => {
      isStopped = error instanceof GeminiError && error.kind === 'aborted'
      return undefined
    })
    if (summary) this.vain.delete(scope)
    else this.vain.set(scope, isStopped ? 0 : Math.min(total(turns) * PATIENCE, this.most))
    if (!summary) return
    await this.archive.condense(scope, last, summary)
    const kept = [{ ...summary, id: last.id, at: last.at }, ...turns.slice(count)]
    const notice: Message = ['compacted', { before: roughly(total(turns)), after: roughly(total(kept)) }]
    return { turns: kept, notices: [notice] }
  }

  /**
   * Forgets all conversations that are over, without waiting for anybody to speak.
   * @param isBusy whether there is something to be answered in one: that goes on
   */
  async sweep(isBusy: (scope: string) => boolean) {
    const { expiry, now } = this.options
    for (const end of await this.archive.idle(now() - expiry)) {
      if (isBusy(end.scope)) continue
      this.swept.set(end.scope, true)
      await this.archive.forget(end.scope, end)
    }
  }

  /** How many tokens are kept of what could not be summed up. */
  private get most() {
    return 2 * this.options.budget
  }

  /** What is beyond so many tokens is never sent along again. */
  private async forget(scope: string, turns: StoredTurn[], room: number) {
    const dropped = turns.at(-fit(turns, room).length - 1)
    if (dropped) await this.archive.forget(scope, dropped)
  }
}

const MIN_SWEEP_INTERVAL_MS = 1000
const MAX_SWEEP_INTERVAL_MS = 3_600_000

export interface SweepOptions {
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
export async function sweepAgain(memory: Pick<Memory, 'sweep'>, { expiry, clock, signal, isBusy }: SweepOptions) {
  const pause = Math.min(Math.max(expiry, MIN_SWEEP_INTERVAL_MS), MAX_SWEEP_INTERVAL_MS)
  for (;;) {
    await clock.sleep(pause, signal)
    if (signal.aborted) return
    await memory.sweep(isBusy)
  }
}
