import { GeminiChatError } from '../util/errors'

/** A conversation has as many waiting messages as it may have. */
export class BusyError extends GeminiChatError {
  override readonly name = 'BusyError'

  constructor() {
    super('gemini-chat/conversation-busy', 'too many messages are waiting in this conversation: try again later')
  }
}

interface QueueEntry {
  /** Ends when the last task does. It never rejects. */
  tail: Promise<unknown>
  /** One for each task that has not ended, in order. */
  tasks: Set<AbortController>
}

/** How many tasks a conversation may have, with those that are being stopped. */
const MAX_TASKS_PER_CONVERSATION = 100

/** Lets the tasks of one conversation run one after the other, and those of different ones at the same time. */
export class ConversationQueue {
  private readonly entries = new Map<string, QueueEntry>()

  /**
   * Runs the task once everything posted before it under the same key has ended.
   * @param limit how many tasks may wait besides the running one
   * @throws {BusyError} when as many wait already, or a hundred have not ended yet
   */
  async enqueue<T>(key: string, task: (signal: AbortSignal) => Promise<T>, limit = Infinity): Promise<T> {
    let box = this.entries.get(key)
    if (!box) this.entries.set(key, box = { tail: Promise.resolve(), tasks: new Set() })
    if (this.pending(key) > limit || box.tasks.size >= MAX_TASKS_PER_CONVERSATION) throw new BusyError()

    const controller = new AbortController()
    box.tasks.add(controller)
    const result = box.tail.then(() => task(controller.signal))
    // Leaving and looking whether anybody is left happen in one step: whoever comes later finds no box and opens one.
    box.tail = result.catch(() => {}).then(() => {
      box.tasks.delete(controller)
      if (!box.tasks.size) this.entries.delete(key)
    })
    return result
  }

  /** How many tasks run or wait under a key, without those that are being stopped. */
  pending(key: string): number {
    return this.active(key).length
  }

  /**
   * Aborts the running task and those that wait. They still run, in order, and find their signal aborted.
   * @param reason what the signal says why
   * @returns whether there was anything to stop
   */
  stop(key: string, reason?: unknown): boolean {
    const tasks = this.active(key)
    tasks.forEach(controller => controller.abort(reason))
    return tasks.length > 0
  }

  /** Waits for the end of everything posted so far. */
  async idle() {
    await Promise.all([...this.entries.values()].map(({ tail }) => tail))
  }

  /** Aborts everything. */
  dispose() {
    for (const key of this.entries.keys()) this.stop(key)
  }

  private active(key: string) {
    return [...this.entries.get(key)?.tasks ?? []].filter(({ signal }) => !signal.aborted)
  }

  /** How many conversations have something to do. */
  get size() {
    return this.entries.size
  }
}
