import type { SharedStream, SharedTurns, TakenTurn } from '../instances/shared-turns'
import type { StoredStream } from '../storage/streams'
import { interrupted } from '../turn/interrupted'
import type { Notices } from '../turn/notices'
import type { TurnController } from '../turn/turn-controller'
import type { TurnRegistry } from '../turn/turn-registry'
import type { Clock } from 'common/time'
import type { Admission } from './admission'
import type { Dispatcher } from './types'

/** How often an instance looks for streams that it is not polled for. */
const SCAN_INTERVAL_MS = 5000

/** The bubbles whose frames are pushed. Only the instance that has the long connection can close them. */
export interface PushedBubbles {
  /** This instance has the connection. */
  readonly isReady: boolean
  /**
   * Closes a bubble of a process that has died.
   * @returns whether nothing is left to be done: otherwise it may be tried again
   */
  closeLeftBubble(stream: SharedStream): Promise<boolean>
}

export interface TakeoverOptions {
  sharedTurns: SharedTurns
  turns: TurnRegistry
  admission: Admission
  dispatcher: Dispatcher
  notices: Pick<Notices, 'interrupted'>
  /** Content of a bubble before the first message. */
  placeholder: string
  clock: Clock
  /** Set with a long connection. */
  pushedBubbles?: PushedBubbles
  /** Whether a `response_url` may be posted to. */
  isTrusted(url: string): boolean
}

/**
 * Goes on with the streams of instances that died. Where the plugin that answered allows it, the answer is made once
 * more, in the same bubble; otherwise the bubble ends with its text so far and a sentence. What is not polled for
 * reaches the chat as every answer that is not fetched. Bubbles that are pushed are closed.
 */
export class Takeover {
  private timer: unknown

  constructor(private readonly options: TakeoverOptions) {}

  /** Looks for streams of dead instances from now on. */
  start() {
    const { clock } = this.options
    this.stop()
    this.timer = clock.setTimeout(() => {
      this.start()
      void this.scan()
    }, SCAN_INTERVAL_MS)
  }

  stop() {
    this.options.clock.clearTimeout(this.timer)
  }

  /**
   * Says whether the answer of a turn of this instance may be made once more, should this instance die. Without shared
   * state, and for bubbles that are pushed, it has no effect.
   */
  async allowRepeating({ turn }: TurnController, isRepeatable: boolean) {
    const { clock, sharedTurns } = this.options
    const { id, question: message, openedAt } = turn
    if (!message) return
    const receivedAt = clock.now() - (clock.monotonic() - openedAt)
    await sharedTurns.keepQuestion(id, { message, receivedAt, isRepeatable })
  }

  /**
   * Takes over a stream whose instance is gone.
   * @returns the turn that goes on with it; `undefined` if another instance was the first
   */
  async takeOver(stream: SharedStream): Promise<TurnController | undefined> {
    const { admission, sharedTurns, turns, pushedBubbles } = this.options
    const { streamId, requestId } = stream
    const own = turns.find(streamId)
    if (own && !own.isLeft) {
      if (await sharedTurns.holdAgain(stream)) own.showAgain()
      return
    }
    if (admission.isLeftToOthers || (requestId && !pushedBubbles?.isReady)) return
    const taken = await sharedTurns.takeOver(stream)
    if (!taken) return
    if (!requestId) return this.repeat(stream, taken) ?? this.end(stream, taken)
    void this.closeBubble(stream, pushedBubbles!)
  }

  /** It may have to wait for the connection, and that may go to another instance. */
  private async closeBubble(stream: SharedStream, bubbles: PushedBubbles) {
    const { sharedTurns } = this.options
    if (await bubbles.closeLeftBubble(stream)) sharedTurns.close(stream.streamId)
    else sharedTurns.abandon(stream.streamId)
  }

  private async scan() {
    const { admission, sharedTurns } = this.options
    if (admission.isClosed) return
    for (const stream of await sharedTurns.abandoned()) await this.takeOver(stream)
  }

  /** Has the question answered once more. */
  private repeat(stream: StoredStream, { question, end }: TakenTurn): TurnController | undefined {
    const { admission, dispatcher } = this.options
    if (stream.finished || end || !question?.isRepeatable) return
    if (admission.refusal(question.message.userId) !== undefined) return
    const turn = this.open(stream, question)
    if (dispatcher.dispatch(question.message, turn) !== 'taken') this.say(turn, this.interrupted(stream))
    return turn
  }

  /** Ends the stream with what it showed. */
  private end(stream: StoredStream, { question, end }: TakenTurn): TurnController {
    // If its last frame went somewhere, it is not sent a second time.
    const turn = this.open(stream, end ? undefined : question)
    this.say(turn, stream.finished ? stream.content : this.interrupted(stream))
    return turn
  }

  private open({ streamId, msgId, owner, content }: StoredStream, question: TakenTurn['question']): TurnController {
    const { turns, clock, isTrusted } = this.options
    const age = question ? Math.max(0, clock.now() - question.receivedAt) : 0
    const url = question?.message.responseUrl
    const stream = { streamId, content, openedAt: clock.monotonic() - age }
    return turns.continue({ msgId, ...owner }, stream, url && isTrusted(url) ? url : undefined)
  }

  private say(turn: TurnController, text: string) {
    void turn.say({ text }).finally(() => turn.endChain())
  }

  /** The text so far, and a sentence. */
  private interrupted({ content }: StoredStream): string {
    const { notices, placeholder } = this.options
    return interrupted(content, placeholder, notices.interrupted)
  }
}
