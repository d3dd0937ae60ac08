import type { Clock } from '../util/clock'
import type { Part } from '../engine/types'

/** So long at most a batch is collected, in windows. */
const MAX_WINDOWS_PER_BATCH = 10

interface Batch<T> {
  key: string
  items: T[]
  since: number
  last: number
}

/** Messages of one conversation that are to be answered together. */
export class MergeWindow<T> {
  private readonly batches = new Map<string, Batch<T>>()

  /**
   * @param windowMs how many milliseconds without a new one end a batch
   * @param capacity how many a batch may hold
   */
  constructor(private readonly clock: Clock, private readonly windowMs: number, private readonly capacity: number) {}

  /** Adds to the batch that is being collected. @returns whether there is one, and room in it */
  join(key: string, item: T): 'joined' | 'full' | undefined {
    const batch = this.batches.get(key)
    if (!batch) return
    if (batch.items.length >= this.capacity) return 'full'
    batch.items.push(item)
    batch.last = this.clock.now()
    return 'joined'
  }

  open(key: string, item: T): Batch<T> {
    const now = this.clock.now()
    const batch = { key, items: [item], since: now, last: now }
    this.batches.set(key, batch)
    return batch
  }

  /** Waits until nothing more comes, and closes the batch. */
  async close(batch: Batch<T>, signal: AbortSignal): Promise<T[]> {
    while (!signal.aborted) {
      const end = Math.min(batch.last + this.windowMs, batch.since + this.windowMs * MAX_WINDOWS_PER_BATCH)
      const wait = end - this.clock.now()
      if (wait <= 0) break
      await this.clock.sleep(wait, signal)
    }
    this.drop(batch)
    return batch.items
  }

  /** Takes nothing more. */
  drop(batch: Batch<T>) {
    if (this.batches.get(batch.key) === batch) this.batches.delete(batch.key)
  }
}

/** Makes one message of several. What was cut apart in the middle of a paste grows together again, line by line. */
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
