import type { Lease, SharedState } from 'common/shared-state'
import { LEASE_VALUE_TTL_MS } from 'common/shared-state'
import type { StoredStream } from '../storage/streams'

/** After the death of an instance, another may take its turns over: within two polls more. */
const LEASE_TTL_MS = 9000
/** WeCom repeats a message for 15 seconds. A callback is fresh for at most `freshness`, which is shorter. */
const CLAIM_TTL_MS = 30 * 60_000

/** Where the last frame of a bubble went: to WeCom by a poll, or its text to the chat in another way. */
export type FrameEnd = 'fetched' | 'elsewhere'

export interface SharedTurnEvents {
  /** Another instance has given WeCom the last frame of this stream. */
  fetched(streamId: string): void
  /** Another instance has put the card of this stream into a reply. */
  carded(streamId: string): void
  /** Another instance has taken over this stream: this one must not go on with it. */
  lost(streamId: string): void
}

/** The shared state, for operators. */
export interface SharedReport {
  /** The server does not answer: this instance acts alone. */
  isDegraded: boolean
  /** Number of instances that see each other. */
  instances: number
}

interface OwnTurn {
  lease: Lease
  value: string
}

/**
 * The turns of a bot that all instances can see: which instance answers a message, what its bubble shows, and what
 * became of the last frame. Without shared state every claim succeeds and nothing is shown.
 */
export class SharedTurns {
  private shared?: SharedState
  private readonly own = new Map<string, OwnTurn>()

  constructor(private readonly botId: string, private readonly events: SharedTurnEvents) {}

  /** The shared state, if there is any. */
  get state(): SharedState | undefined {
    return this.shared
  }

  /** For the status; `undefined` if nothing is shared. */
  report(): SharedReport | undefined {
    return this.shared && { isDegraded: this.shared.isDegraded, instances: this.shared.instances.length }
  }

  /** Uses shared state from now on. @returns a function that ends this */
  connect(state: SharedState): () => void {
    if (!state.isShared) return () => {}
    this.shared = state
    const unsubscribe = state.subscribe(this.key('events'), (message) => {
      const [event, streamId] = message.split(' ')
      if (event === 'fetched') this.events.fetched(streamId)
      else if (event === 'carded') this.events.carded(streamId)
    })
    return () => {
      this.shared = undefined
      this.own.clear()
      unsubscribe()
    }
  }

  /**
   * Claims a message, and shows its stream to the others.
   * @returns the id of the stream that holds the claim
   */
  async claim(stream: StoredStream): Promise<string> {
    const { state } = this
    const { streamId, msgId, owner, finished } = stream
    if (!state) return streamId
    const value = JSON.stringify(stream)
    // In this order: those who lose the claim find the stream.
    const [lease, winner] = await Promise.all([
      finished ? undefined : state.acquire(this.leaseKey(streamId), LEASE_TTL_MS, value),
      state.claim(this.key('claim', owner.botId, msgId), streamId, CLAIM_TTL_MS),
    ])
    if (!lease) return winner
    if (winner === streamId) this.hold(streamId, lease, value)
    else await lease.release()
    return winner
  }

  /** Gives a claim back: the message was turned away, and may be sent again. */
  async unclaim({ streamId, msgId, owner }: StoredStream) {
    this.close(streamId)
    await this.state?.compareAndSet(this.key('claim', owner.botId, msgId), streamId, undefined, CLAIM_TTL_MS)
  }

  /** Shows the state of an own stream to the others. */
  show(stream: StoredStream) {
    const turn = this.own.get(stream.streamId)
    if (!turn) return
    turn.value = JSON.stringify(stream)
    void turn.lease.write(turn.value)
  }

  /** What the instance that answers shows, and whether it is alive. */
  async look(streamId: string): Promise<{ stream: StoredStream, isAnswered: boolean } | undefined> {
    const found = await this.state?.inspect(this.leaseKey(streamId))
    return found && { stream: JSON.parse(found.value) as StoredStream, isAnswered: found.isHeld }
  }

  /**
   * Takes over a stream whose instance is gone.
   * @returns whether this instance was the first to do so
   */
  async takeOver(stream: StoredStream): Promise<boolean> {
    const lease = await this.state?.acquire(this.leaseKey(stream.streamId), LEASE_TTL_MS)
    if (lease) this.hold(stream.streamId, lease, JSON.stringify(stream))
    return !!lease
  }

  /** Asks the server whether this instance still answers the stream. `true` for a stream that is not shared. */
  async isOwn(streamId: string): Promise<boolean> {
    const turn = this.own.get(streamId)
    return !turn || turn.lease.write(turn.value)
  }

  /** Decides where the last frame goes, once. @returns the decision that counts */
  async decideEnd(streamId: string, end: FrameEnd): Promise<FrameEnd> {
    const { state } = this
    return state ? await state.claim(this.endKey(streamId), end, LEASE_VALUE_TTL_MS) as FrameEnd : end
  }

  /** The last frame has not gone there after all, or is another one now. */
  async undoEnd(streamId: string, end: FrameEnd) {
    await this.state?.compareAndSet(this.endKey(streamId), end, undefined, LEASE_VALUE_TTL_MS)
  }

  /** WeCom has the last frame of another instance's stream. */
  tellFetched(streamId: string) {
    this.state?.publish(this.key('events'), `fetched ${streamId}`)
  }

  /** Decides which reply contains the card of a stream. @returns whether it is this one */
  async claimCard(streamId: string, msgId: string): Promise<boolean> {
    return await this.state?.claim(this.key('carded', streamId), msgId, LEASE_VALUE_TTL_MS) === msgId
  }

  tellCarded(streamId: string) {
    this.state?.publish(this.key('events'), `carded ${streamId}`)
  }

  /** The stream does not change any more: what it shows stays. */
  close(streamId: string) {
    const turn = this.own.get(streamId)
    this.own.delete(streamId)
    void turn?.lease.release()
  }

  private hold(streamId: string, lease: Lease, value: string) {
    this.own.set(streamId, { lease, value })
    lease.lost.addEventListener('abort', () => {
      if (this.own.get(streamId)?.lease !== lease) return
      this.own.delete(streamId)
      this.events.lost(streamId)
    })
  }

  private leaseKey(streamId: string) {
    return this.key('turn', streamId)
  }

  private endKey(streamId: string) {
    return this.key('end', streamId)
  }

  private key(...parts: string[]) {
    return ['wecom-bot', this.botId, ...parts].join('/')
  }
}
