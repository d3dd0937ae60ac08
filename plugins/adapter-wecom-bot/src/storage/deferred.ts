/** How long a message may wait for the next start. WeCom keeps uploaded files for as long. */
export const DEFERRED_LIFETIME_MS = 3 * 24 * 3600_000

/** A webhook message that had not been sent when the process ended. */
export interface DeferredMessage {
  /** Hash of the webhook's address, which itself is a secret. */
  target: string
  /** Request body. */
  body: object
}

export interface DeferredStore {
  /** Stores all of the messages or none. @returns whether they were stored */
  deferMessages(messages: DeferredMessage[]): Promise<boolean>
  /** Removes and returns the messages for these webhooks, in order. Each message is returned to one caller only. */
  takeDeferred(targets: string[]): Promise<DeferredMessage[]>
}

/** Without a database nothing survives the process. */
export class MemoryDeferredStore implements DeferredStore {
  async deferMessages() {
    return false
  }

  async takeDeferred() {
    return []
  }
}
