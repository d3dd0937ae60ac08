import type { SharedState } from 'common/shared-state'
import type { Clock } from 'common/time'
import type { DeferredMessage, DeferredStore } from '../storage/deferred'
import { DEFERRED_LIFETIME_MS } from '../storage/deferred'

/** Longest text of all messages that wait, with their pictures. What is more stays with its instance. */
const MAX_LENGTH = 4 << 20
/** Another instance may stop, or take messages, at the same moment. */
const MAX_TRIES = 10

interface WaitingMessage extends DeferredMessage {
  /** Milliseconds since 1970. */
  expires: number
}

/** Messages that an instance had not sent when it was stopped, for whichever instance sends them. */
export class SharedDeferredStore implements DeferredStore {
  private readonly key: string

  /** @param state `undefined` as long as nothing is shared */
  constructor(
    botId: string,
    private readonly state: () => SharedState | undefined,
    private readonly inner: DeferredStore,
    private readonly clock: Pick<Clock, 'now'>,
  ) {
    this.key = `wecom-bot/${botId}/deferred`
  }

  async deferMessages(messages: DeferredMessage[]): Promise<boolean> {
    return await this.share(messages) || this.inner.deferMessages(messages)
  }

  async takeDeferred(targets: string[]): Promise<DeferredMessage[]> {
    return [...await this.inner.takeDeferred(targets), ...await this.take(targets)]
  }

  private async share(messages: DeferredMessage[]): Promise<boolean> {
    const state = this.state()
    const expires = this.clock.now() + DEFERRED_LIFETIME_MS
    for (let tries = 0; state && !state.isDegraded && tries < MAX_TRIES; tries++) {
      const before = await state.get(this.key)
      const waiting = [...this.parse(before), ...messages.map(message => ({ ...message, expires }))]
      const text = JSON.stringify(waiting)
      if (text.length > MAX_LENGTH) return false
      const isWritten = await state.compareAndSet(this.key, before, text, DEFERRED_LIFETIME_MS)
      // Without the server it was written in the memory of this process, which is about to end.
      if (isWritten) return !state.isDegraded
    }
    return false
  }

  private async take(targets: string[]): Promise<DeferredMessage[]> {
    const state = this.state()
    for (let tries = 0; state && tries < MAX_TRIES; tries++) {
      const before = await state.get(this.key)
      const waiting = this.parse(before)
      const taken = waiting.filter(({ target }) => targets.includes(target))
      if (!taken.length) return []
      const rest = waiting.filter(message => !taken.includes(message))
      const after = rest.length ? JSON.stringify(rest) : undefined
      if (await state.compareAndSet(this.key, before, after, DEFERRED_LIFETIME_MS)) {
        return taken.map(({ target, body }) => ({ target, body }))
      }
    }
    return []
  }

  private parse(text: string | undefined): WaitingMessage[] {
    try {
      const waiting = text === undefined ? [] : JSON.parse(text) as WaitingMessage[]
      return waiting.filter(({ expires }) => expires > this.clock.now())
    } catch {
      // Not written by this plugin: it must not keep messages from being stored.
      return []
    }
  }
}
