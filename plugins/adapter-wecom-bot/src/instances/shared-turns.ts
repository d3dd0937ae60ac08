import type { Lease, SharedState } from 'common/shared-state'
import { LEASE_VALUE_TTL_MS } from 'common/shared-state'
import type { Message } from '../protocol/payload'
import type { StoredStream } from '../storage/streams'
import type { Clock } from 'common/time'

/** After the death of an instance, another may take its turns over: within two polls more. */
const LEASE_TTL_MS = 9000
/** WeCom repeats a message for 15 seconds. A callback is fresh for at most `freshness`, which is shorter. */
const CLAIM_TTL_MS = 30 * 60_000
/** WeCom polls a stream for six minutes: later, no bubble is left that an answer could be repeated in. */
const QUESTION_TTL_MS = 10 * 60_000

/** A stream as instances see it. */
export interface SharedStream extends StoredStream {
  /** When it showed this. Milliseconds since 1970. */
  shownAt: number
}

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

/** The message that a stream answers, for an instance that takes the stream over. */
export interface SharedQuestion {
  /** With its `responseUrl`, which is a bearer secret. */
  message: Message
  /** When it was received, in milliseconds since 1970. */
  receivedAt: number
  /** The answer may be made once more. Otherwise the message only serves to end it. */
  isRepeatable: boolean
}

/** A stream that was taken over. */
export interface TakenTurn {
  /** `undefined` if the plugin that answered did not say whether its answer may be repeated, or after a repetition. */
  question?: SharedQuestion
  /** Where the last frame went before, if anywhere. */
  end?: FrameEnd
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

  constructor(
    private readonly botId: string,
    private readonly events: SharedTurnEvents,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** The shared state, if there is any. */
  get state(): SharedState | undefined {
    return this.shared
  }

  /** This instance sees others that answer messages of the same bot, and are not about to stop. */
  get hasOthers(): boolean {
    const { shared } = this
    return !!shared && !shared.isDegraded && shared.instances.some(name => name !== shared.instance)
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
      // What is still open is left to others, or to this process when it has shared state again.
      for (const streamId of [...this.own.keys()]) this.abandon(streamId)
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
    const value = this.shown(stream)
    // In this order: those who lose the claim find the stream.
    const [lease, winner] = await Promise.all([
      finished ? undefined : state.acquire(this.leaseKey(streamId), LEASE_TTL_MS, value, this.groupKey),
      state.claim(this.key('claim', owner.botId, msgId), streamId, CLAIM_TTL_MS),
    ])
    if (!lease) return winner
    if (winner === streamId) this.hold(streamId, lease, value, state)
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
    turn.value = this.shown(stream)
    void turn.lease.write(turn.value)
  }

  /** What the instance that answers shows, and whether it is alive. */
  async look(streamId: string): Promise<{ stream: SharedStream, isAnswered: boolean } | undefined> {
    const found = await this.state?.inspect(this.leaseKey(streamId))
    // After an outage, the instance that answers may not have had the time to say that it is alive.
    return found && {
      stream: JSON.parse(found.value) as SharedStream, isAnswered: found.isHeld || !!this.state?.isRecovering,
    }
  }

  /** Streams whose instances have died, polled or not. */
  async abandoned(): Promise<SharedStream[]> {
    const { state } = this
    if (!state || state.isRecovering) return []
    const keys = await state.expired(this.groupKey)
    const leases = await Promise.all(keys.map(key => state.inspect(key)))
    return leases.flatMap(lease => lease && !lease.isHeld ? JSON.parse(lease.value) as SharedStream : [])
  }

  /** Keeps the message of an own stream for the case that another instance has to take the stream over. */
  async keepQuestion(streamId: string, question: SharedQuestion) {
    if (!this.own.has(streamId)) return
    await this.state?.set(this.key('question', streamId), JSON.stringify(question), QUESTION_TTL_MS)
  }

  /**
   * Takes over a stream whose instance is gone. Its question is given out once: an answer that brings down the process
   * must not bring down one instance after the other.
   * @returns `undefined` if another instance was the first to do so
   */
  async takeOver(stream: SharedStream): Promise<TakenTurn | undefined> {
    const { state } = this
    if (!state || !await this.holdAgain(stream)) return
    const key = this.key('question', stream.streamId)
    const [kept, end] = await Promise.all([state.get(key), state.get(this.endKey(stream.streamId))])
    const isGiven = kept !== undefined && await state.compareAndSet(key, kept, undefined, QUESTION_TTL_MS)
    return { question: isGiven ? JSON.parse(kept) as SharedQuestion : undefined, end: end as FrameEnd | undefined }
  }

  /**
   * Holds a stream whose lease has expired. For one of this process, the shared state was away for that long.
   * @returns `false` if another instance was the first to do so
   */
  async holdAgain(stream: SharedStream): Promise<boolean> {
    const { state } = this
    const lease = await state?.acquire(this.leaseKey(stream.streamId), LEASE_TTL_MS, undefined, this.groupKey)
    if (!state || !lease) return false
    this.hold(stream.streamId, lease, JSON.stringify(stream), state)
    return true
  }

  /** This process was stopped for so long that another instance may have taken the stream over: `isOwn` knows. */
  isDoubtful(streamId: string): boolean {
    return !!this.own.get(streamId)?.lease.isOverdue
  }

  /** Asks the server whether this instance still answers the stream. `true` for a stream that is not shared. */
  async isOwn(streamId: string): Promise<boolean> {
    const turn = this.own.get(streamId)
    return !turn || turn.lease.write(turn.value)
  }

  /** Whether the server has what this instance shows in an own stream. */
  async isShown(streamId: string): Promise<boolean> {
    const { state } = this
    const turn = this.own.get(streamId)
    return !!state && !!turn && await turn.lease.write(turn.value) && !state.isDegraded
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

  /** This instance does not go on with a stream that is open: another one may take it over, as after a death. */
  abandon(streamId: string) {
    const turn = this.own.get(streamId)
    this.own.delete(streamId)
    turn?.lease.abandon()
  }

  private shown(stream: StoredStream): string {
    return JSON.stringify({ ...stream, shownAt: this.clock.now() } satisfies SharedStream)
  }

  private hold(streamId: string, lease: Lease, value: string, state: SharedState) {
    if (state !== this.shared) return lease.abandon()
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

  private get groupKey() {
    return this.key('open-turns')
  }

  private endKey(streamId: string) {
    return this.key('end', streamId)
  }

  private key(...parts: string[]) {
    return ['wecom-bot', this.botId, ...parts].join('/')
  }
}
