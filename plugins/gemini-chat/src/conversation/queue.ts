import { SerialQueue } from 'common/async'
import { GeminiChatError } from '../util/errors'

/** A conversation has as many waiting messages as allowed. */
export class BusyError extends GeminiChatError {
  override readonly name = 'BusyError'

  constructor() {
    super('gemini-chat/conversation-busy', 'too many messages are waiting in this conversation: try again later')
  }
}

/** Tasks of one conversation, those that are being stopped included. */
const MAX_TASKS_PER_CONVERSATION = 100

/** Runs the tasks of one conversation one after the other, and those of different conversations in parallel. */
export class ConversationQueue {
  private readonly serial = new SerialQueue()
  /** By conversation: one controller for each task that has not ended, in order. */
  private readonly tasks = new Map<string, Set<AbortController>>()

  /**
   * Runs a task once all earlier tasks of the same key have ended.
   * @param limit tasks that may wait besides the running one
   * @throws {BusyError} if that many are waiting, or 100 tasks have not ended yet
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

  /** Tasks of a key that run or wait, without those that are being stopped. */
  pending(key: string): number {
    return this.active(key).length
  }

  /**
   * Aborts the running task and the waiting ones. Those still run, in order, with an aborted signal.
   * @param reason reason of the signals
   * @returns whether there was a task to stop
   */
  stop(key: string, reason?: unknown): boolean {
    const tasks = this.active(key)
    tasks.forEach(controller => controller.abort(reason))
    return tasks.length > 0
  }

  /** Waits until all tasks enqueued so far have ended. */
  async whenIdle() {
    await this.serial.whenIdle()
  }

  /** Aborts all tasks. */
  dispose() {
    for (const key of this.tasks.keys()) this.stop(key)
  }

  private active(key: string) {
    return [...this.tasks.get(key) ?? []].filter(({ signal }) => !signal.aborted)
  }

  /** Number of conversations with tasks. */
  get size() {
    return this.tasks.size
  }
}
