import { SerialQueue } from 'common/async'
import { GeminiChatError } from '../util/errors'

/** A conversation has as many waiting messages as it may have. */
export class BusyError extends GeminiChatError {
  override readonly name = 'BusyError'

  constructor() {
    super('gemini-chat/conversation-busy', 'too many messages are waiting in this conversation: try again later')
  }
}

/** How many tasks a conversation may have, with those that are being stopped. */
const MAX_TASKS_PER_CONVERSATION = 100

/** Lets the tasks of one conversation run one after the other, and those of different ones at the same time. */
export class ConversationQueue {
  private readonly serial = new SerialQueue()
  /** By conversation: one controller for each task that has not ended, in order. */
  private readonly tasks = new Map<string, Set<AbortController>>()

  /**
   * Runs the task once everything posted before it under the same key has ended.
   * @param limit how many tasks may wait besides the running one
   * @throws {BusyError} when as many wait already, or a hundred have not ended yet
   */
  async enqueue<T>(key: string, task: (signal: AbortSignal) => Promise<T>, limit = Infinity): Promise<T> {
    const tasks = this.tasks.get(key) ?? new Set<AbortController>()
    if (this.pending(key) > limit || tasks.size >= MAX_TASKS_PER_CONVERSATION) throw new BusyError()

    const controller = new AbortController()
    this.tasks.set(key, tasks.add(controller))
    return this.serial.run(key, async () => {
      try {
        return await task(controller.signal)
      } finally {
        tasks.delete(controller)
        if (!tasks.size) this.tasks.delete(key)
      }
    })
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
  async whenIdle() {
    await this.serial.whenIdle()
  }

  /** Aborts everything. */
  dispose() {
    for (const key of this.tasks.keys()) this.stop(key)
  }

  private active(key: string) {
    return [...this.tasks.get(key) ?? []].filter(({ signal }) => !signal.aborted)
  }

  /** How many conversations have something to do. */
  get size() {
    return this.tasks.size
  }
}
