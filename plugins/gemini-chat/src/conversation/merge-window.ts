import type { Clock } from 'common/time'
import type { Part } from '../engine/types'

/** A batch is closed after this many windows at the latest, however many messages still come. */
const MAX_WINDOWS_PER_BATCH = 10

interface Batch<T> {
  key: string
  items: T[]
  /** When the first and the last message came, in milliseconds of the monotonic clock. */
  since: number
  last: number
}

/** Collects messages of one conversation that come shortly after each other, to answer them together. */
export class MergeWindow<T> {
  private readonly batches = new Map<string, Batch<T>>()

  /**
   * @param windowMs milliseconds without a new message that close a batch
   * @param capacity messages a batch may hold
   */
  constructor(private readonly clock: Clock, private readonly windowMs: number, private readonly capacity: number) {}

  /** Adds a message to the open batch. @returns undefined if no batch is open */
  join(key: string, item: T): 'joined' | 'full' | undefined {
    const batch = this.batches.get(key)
    if (!batch) return
    if (batch.items.length >= this.capacity) return 'full'
    batch.items.push(item)
    batch.last = this.clock.monotonic()
    return 'joined'
  }

  /** Opens a batch. */
  open(key: string, item: T): Batch<T> {
    const now = this.clock.monotonic()
    const batch = { key, items: [item], since: now, last: now }
    this.batches.set(key, batch)
    return batch
  }

  /** Waits until the window has passed without a message, then closes the batch. */
  async close(batch: Batch<T>, signal: AbortSignal): Promise<T[]> {
    while (!signal.aborted) {
      const end = Math.min(batch.last + this.windowMs, batch.since + this.windowMs * MAX_WINDOWS_PER_BATCH)
      const wait = end - this.clock.monotonic()
      if (wait <= 0) break
      await this.clock.sleep(wait, signal)
    }
    this.drop(batch)
    return batch.items
  }

  /** Closes the batch at once. */
  drop(batch: Batch<T>) {
    if (this.batches.get(batch.key) === batch) this.batches.delete(batch.key)
  }
}

/** Joins messages into one. Texts are joined line by line, which restores a paste that a client has split. */
export function mergeMessages(messages: Part[][]): Part[] {
  const parts: Part[] = []
  for (const part of messages.flat()) {
    const last = parts.at(-1)
    if (isText(last) && isText(part)) parts[parts.length - 1] = { text: `${last.text}\n${part.text}` }
    else parts.push(part)
  }
  return parts
}

function isText(part?: Part): part is { text: string } {
  return part?.text !== undefined && Object.keys(part).length === 1
}
