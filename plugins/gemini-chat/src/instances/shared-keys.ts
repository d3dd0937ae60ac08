import { createHash } from 'node:crypto'
import type { SharedState } from 'common/shared-state'
import type { SharedValues } from './shared-values'

const TOPIC = 'gemini-chat/keys'
/** What is known of all keys, for instances that start later. */
const STATES_KEY = 'keys'
/** A quota per month is the longest. */
const MAX_STATES_TTL_MS = 31 * 24 * 3600_000

/** A state of an API key that ends by itself. Times are durations: clocks of machines differ. */
export type KeyState =
  | { name: 'refused', forMs: number }
  | { name: 'unpaid', model?: string, forMs: number }
  | { name: 'exhausted', model?: string, kind: string, forMs: number }

/** What became of an API key, as far as other instances must know. */
export type KeyChange = KeyState | { name: 'accepted', model?: string }

/** A state as it is stored. */
interface StoredState {
  digest: string
  state: KeyState
  /** When it ends, in milliseconds since 1970. */
  until: number
}

/**
 * Tells the other instances what became of API keys, those that start later included. Without shared state it does
 * nothing.
 */
export class SharedKeys {
  private state?: SharedState

  /** @param now milliseconds since 1970 */
  constructor(private readonly values: SharedValues, private readonly now: () => number) {}

  /**
   * Uses shared state from now on.
   * @param changed called for changes at other instances, those before included, with the digest of the key
   * @returns a function that ends this
   */
  connect(state: SharedState, changed: (digest: string, change: KeyChange) => void): () => void {
    if (!state.isShared) return () => {}
    this.state = state
    const unsubscribe = state.subscribe(TOPIC, (message) => {
      const { digest, change } = JSON.parse(message) as { digest: string, change: KeyChange }
      changed(digest, change)
    })
    void this.learnAll(changed)
    return () => {
      this.state = undefined
      unsubscribe()
    }
  }

  tell(secret: string, change: KeyChange) {
    if (!this.state) return
    const digest = digestOf(secret)
    this.state.publish(TOPIC, JSON.stringify({ digest, change }))
    // If others change the states all the time, those that start later learn it by asking the model themselves.
    this.store(digest, change).catch(() => {})
  }

  private async learnAll(changed: (digest: string, change: KeyChange) => void) {
    for (const { digest, state, until } of await this.values.read<StoredState[]>(STATES_KEY) ?? []) {
      const forMs = until - this.now()
      if (forMs > 0) changed(digest, { ...state, forMs })
    }
  }

  private async store(digest: string, change: KeyChange) {
    await this.values.edit<StoredState[]>(STATES_KEY, MAX_STATES_TTL_MS, async (states = []) => {
      const lasting = states.filter((each) => {
        return each.until > this.now() && !(each.digest === digest && ends(change, each.state))
      })
      if (change.name === 'accepted') return lasting
      return [...lasting, { digest, state: change, until: this.now() + change.forMs }]
    })
  }
}

/** Whether a change replaces a state of the same key. */
function ends(change: KeyChange, state: KeyState): boolean {
  const model = state.name === 'refused' ? undefined : state.model
  if (change.name === 'refused') return state.name === 'refused'
  if (change.name === state.name) return change.model === model
  return change.name === 'accepted' && state.name !== 'exhausted' && (model === undefined || model === change.model)
}

/** Names a key without revealing it. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 16)
}
