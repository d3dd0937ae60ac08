import { createHash } from 'node:crypto'
import type { SharedState } from 'common/shared-state'

const TOPIC = 'gemini-chat/keys'

/** What became of an API key, as far as other instances must know. Times are durations: clocks of machines differ. */
export type KeyChange =
  | { name: 'refused' }
  | { name: 'unpaid', model?: string }
  | { name: 'accepted', model?: string }
  | { name: 'exhausted', model?: string, kind: string, forMs: number }

/** Tells the other instances what became of API keys. Without shared state it does nothing. */
export class SharedKeys {
  private state?: SharedState

  /**
   * Uses shared state from now on.
   * @param changed called for changes at other instances, with the digest of the key
   * @returns a function that ends this
   */
  connect(state: SharedState, changed: (digest: string, change: KeyChange) => void): () => void {
    if (!state.isShared) return () => {}
    this.state = state
    const unsubscribe = state.subscribe(TOPIC, (message) => {
      const { digest, change } = JSON.parse(message) as { digest: string, change: KeyChange }
      changed(digest, change)
    })
    return () => {
      this.state = undefined
      unsubscribe()
    }
  }

  tell(secret: string, change: KeyChange) {
    this.state?.publish(TOPIC, JSON.stringify({ digest: digestOf(secret), change }))
  }
}

/** Names a key without revealing it. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 16)
}
