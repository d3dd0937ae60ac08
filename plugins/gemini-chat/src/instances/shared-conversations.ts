import type { QueuePlace, SharedState } from 'common/shared-state'

/** How long the answer of an instance that died blocks its conversation. */
const PLACE_TTL_MS = 9000
const STOP_TOPIC = 'gemini-chat/stop'

/** A wish to stop a conversation's answers, whichever instance writes them. */
interface Stop {
  key: string
  reason?: unknown
}

/**
 * Lets the answers of one conversation run one after the other over all instances. Without shared state it does
 * nothing.
 */
export class SharedConversations {
  private state?: SharedState

  /** Something is shared: `join` has to be asked. */
  get isActive() {
    return !!this.state
  }

  /**
   * Uses shared state from now on.
   * @param stop stops the answers of this instance in a conversation
   * @returns a function that ends this
   */
  connect(state: SharedState, stop: (key: string, reason?: unknown) => void): () => void {
    if (!state.isShared) return () => {}
    this.state = state
    const unsubscribe = state.subscribe(STOP_TOPIC, (message) => {
      const { key, reason } = JSON.parse(message) as Stop
      stop(key, reason)
    })
    return () => {
      this.state = undefined
      unsubscribe()
    }
  }

  /** Takes a place behind all earlier questions of the conversation. @returns `undefined` if it has `capacity` */
  async join(key: string, capacity: number): Promise<QueuePlace | undefined> {
    return this.state?.join(queueOf(key), { ttlMs: PLACE_TTL_MS, capacity })
  }

  /** Tells the other instances to stop their answers. */
  tellStop(key: string, reason?: unknown) {
    const stop: Stop = { key, reason }
    this.state?.publish(STOP_TOPIC, JSON.stringify(stop))
  }

  /** Whether any instance answers in the conversation. */
  async isBusy(key: string): Promise<boolean> {
    if (!this.state) return false
    const place = await this.join(key, 1)
    await place?.leave()
    return !place
  }
}

function queueOf(key: string) {
  return `gemini-chat/${key}`
}
