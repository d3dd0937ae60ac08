import type { Owner } from '../protocol/conversation'
import type { InlineImage } from '../protocol/reply'
import type { TemplateCard } from '../protocol/template-card'

/** How long a message counts as claimed. */
export const STREAM_LIFETIME_MS = 7 * 24 * 3600_000

/** What a stream has shown for this long survives a killed process. */
export const MAX_SAVE_DELAY_MS = 250

/** The state of a stream that another process can continue from. */
export interface StoredStream {
  streamId: string
  msgId: string
  owner: Owner
  /** Text that the stream showed last. Markdown. */
  content: string
  /** `content` is the complete answer. */
  finished: boolean
  /** Long connection: names the message in frames, until WeCom has confirmed the last one. */
  requestId?: string
  /** With `finished` only. Not kept in the database. */
  images?: InlineImage[]
  /** The stream's card, until it has reached the platform. Not kept in the database. */
  card?: TemplateCard
}

/**
 * Which process answers a message, and what its stream shows. Several processes may share one store: every method is
 * atomic between them, and only the process that claimed a message saves its stream.
 */
export interface StreamStore {
  /**
   * Claims a message, so that only one process answers it.
   * @returns the id of the stream that holds the claim: `stream.streamId` if this call won
   */
  claim(stream: StoredStream): Promise<string>
  /** Gives up a claim of this process: the message was turned away. Only where another process could take it. */
  unclaim?(stream: StoredStream): Promise<void>
  /** What was saved is not written in time: until it is, streams should not show anything new. Default: `false`. */
  readonly isLate?: boolean
  /** Records what a stream shows. It is written within `MAX_SAVE_DELAY_MS`, as long as `isLate` is heeded. */
  save(stream: StoredStream): void
  /** Resolves when what was saved so far is written, at the latest after `MAX_SAVE_DELAY_MS`. */
  written(): Promise<void>
  find(streamId: string): Promise<StoredStream | undefined>
  /** Whether this process, or its database, knows that a stream of the long connection has had its last frame. */
  isClosed?(streamId: string): Promise<boolean>
  /** Streams of the long connection whose last frame is not confirmed, and that changed within so many milliseconds. */
  unconfirmed(withinMs: number): Promise<StoredStream[]>
}

/** Without a database every claim succeeds: the turn registry already rejects duplicates within the process. */
export class MemoryStreamStore implements StreamStore {
  async claim({ streamId }: StoredStream) {
    return streamId
  }

  save() {}

  async written() {}

  async find() {
    return undefined
  }

  async unconfirmed() {
    return []
  }
}
