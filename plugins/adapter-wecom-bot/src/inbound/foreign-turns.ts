import { ExpiringMap } from 'common/collections'
import type { Clock } from 'common/time'
import type { Owner } from '../protocol/conversation'
import { owns } from '../protocol/conversation'
import { streamReply } from '../protocol/reply'
import type { SharedTurns } from '../instances/shared-turns'
import type { StoredStream } from '../storage/streams'
import type { Notices } from '../turn/notices'
import type { TurnController } from '../turn/turn-controller'
import type { Takeover } from './takeover'
import type { Outcome } from './types'

/** While the server of the shared state is away, or has just been, a bubble stands still for this long at most. */
const MAX_STANDSTILL_MS = 10_000
const MAX_REMEMBERED = 5000
const REMEMBERED_MS = 60_000

export interface ForeignTurnOptions {
  turns: SharedTurns
  takeover: Takeover
  notices: Pick<Notices, 'forgotten'>
  /** Content of a bubble before the first message. */
  placeholder: string
  clock: Clock
}

/** Replies to polls of streams that another instance answers, or has answered until it died. */
export class ForeignTurns {
  /** What this instance has shown of streams. */
  private readonly shown: ExpiringMap<StoredStream>
  /** Since when streams are polled that no instance knows. */
  private readonly unknown: ExpiringMap<number>
  private degradedSince?: number

  constructor(private readonly options: ForeignTurnOptions) {
    this.shown = new ExpiringMap(options.clock, REMEMBERED_MS, MAX_REMEMBERED)
    this.unknown = new ExpiringMap(options.clock, REMEMBERED_MS, MAX_REMEMBERED)
  }

  /**
   * @param msgId the poll that is replied to
   * @returns the reply, or the turn of this instance that goes on with the stream; `undefined` if the stream is not
   * known to the instances
   */
  async show(streamId: string, msgId: string, asker: Owner): Promise<Outcome | TurnController | undefined> {
    const { turns, takeover, notices } = this.options
    const { state } = turns
    if (!state) return
    const found = await turns.look(streamId)
    if (state.isDegraded) return found ? this.reply(found.stream, msgId, asker) : this.standStill(streamId, asker)
    this.degradedSince = undefined
    if (!found) return
    if (!owns(found.stream.owner, asker)) return final(streamId, notices.forgotten)
    const isDead = !found.stream.finished && !found.isAnswered
    return (isDead && await takeover.takeOver(found.stream)) || this.reply(found.stream, msgId, asker)
  }

  /** This process was stopped for so long that another instance may have taken the stream over. */
  isDoubtful(streamId: string): boolean {
    return this.options.turns.isDoubtful(streamId)
  }

  /** Asks the server whether this instance still answers a stream. */
  isOwn(streamId: string): Promise<boolean> {
    return this.options.turns.isOwn(streamId)
  }

  private async reply(stream: StoredStream, msgId: string, asker: Owner): Promise<Outcome> {
    const { turns, notices } = this.options
    const { streamId, content, finished, images } = stream
    if (!owns(stream.owner, asker)) return final(streamId, notices.forgotten)
    this.shown.set(streamId, stream)
    // The text went to the chat in another way, or is on its way: the answering instance will say so here.
    const isLast = finished && await turns.decideEnd(streamId, 'fetched') === 'fetched'
    const hasCard = !!stream.card && await turns.claimCard(streamId, msgId)
    const frame = isLast ? { content, finish: true, images } : { content, finish: false }
    const outcome: Outcome = { reply: streamReply(streamId, frame, hasCard ? stream.card : undefined) }
    if (!isLast && !hasCard) return outcome
    return {
      ...outcome,
      responded: (isDelivered) => {
        if (isLast && isDelivered) turns.tellFetched(streamId)
        else if (isLast) void turns.undoEnd(streamId, 'fetched')
        if (hasCard && isDelivered) turns.tellCarded(streamId)
      },
    }
  }

  /**
   * A stream that no instance knows: the one that answers it may not have reached the server yet, which was away or
   * slow, and makes it known again within seconds.
   * @returns the reply that lets the bubble wait, or `undefined` when it has waited long enough
   */
  waitFor(streamId: string, asker: Owner): Outcome | undefined {
    if (!this.options.turns.state) return
    const now = this.options.clock.monotonic()
    const since = this.unknown.get(streamId) ?? now
    this.unknown.set(streamId, since)
    return now - since > MAX_STANDSTILL_MS ? undefined : this.unfinished(streamId, asker)
  }

  /** The server is away. It usually comes back at once, and the bubble goes on. */
  private standStill(streamId: string, asker: Owner): Outcome | undefined {
    const now = this.options.clock.monotonic()
    this.degradedSince ??= now
    return now - this.degradedSince > MAX_STANDSTILL_MS ? undefined : this.unfinished(streamId, asker)
  }

  /** What was shown last, as a bubble that goes on. */
  private unfinished(streamId: string, asker: Owner): Outcome | undefined {
    const stream = this.shown.get(streamId)
    if (stream && !owns(stream.owner, asker)) return
    return { reply: streamReply(streamId, { content: stream?.content || this.options.placeholder, finish: false }) }
  }
}

function final(streamId: string, content: string): Outcome {
  return { reply: streamReply(streamId, { content, finish: true }) }
}
