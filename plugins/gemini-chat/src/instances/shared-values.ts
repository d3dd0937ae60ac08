import type { SharedState } from 'common/shared-state'

/** Another instance may change the same value at the same moment. */
const MAX_TRIES = 10

/** Values that all instances read and change. Without shared state, or while its server is away, there are none. */
export class SharedValues {
  /** @param state `undefined` as long as nothing is shared */
  constructor(private readonly state: () => SharedState | undefined) {}

  /** Values can be used at present. */
  get isActive(): boolean {
    const state = this.state()
    return !!state && !state.isDegraded
  }

  async read<T>(key: string): Promise<T | undefined> {
    const text = await this.state()?.get(nameOf(key))
    return text === undefined ? undefined : JSON.parse(text) as T
  }

  /**
   * Changes a value.
   * @param edit is called again with the new value if another instance has changed it meanwhile
   * @throws {Error} if others change it all the time
   */
  async edit<T>(key: string, ttlMs: number, edit: (value: T | undefined) => Promise<T>): Promise<void> {
    const state = this.state()
    for (let tries = 0; state && tries < MAX_TRIES; tries++) {
      const before = await state.get(nameOf(key))
      const after = await edit(before === undefined ? undefined : JSON.parse(before) as T)
      if (await state.compareAndSet(nameOf(key), before, JSON.stringify(after), ttlMs)) return
    }
    throw new Error('the shared value changes too often')
  }
}

function nameOf(key: string) {
  return `gemini-chat/${key}`
}
