import { MEDIA_ID_LIFETIME_MS } from '../protocol/limits'

/** How long a message may wait for the next start: as long as WeCom keeps uploaded files. */
export const DEFERRED_LIFETIME_MS = MEDIA_ID_LIFETIME_MS

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
