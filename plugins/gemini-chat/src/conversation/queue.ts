import { SerialQueue } from 'common/async'
import type { QueuePlace } from 'common/shared-state'
import type { SharedConversations } from '../instances/shared-conversations'
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

/** @param isCurrent whether the task still has its turn: no other instance has gone on because this one was stopped */
type QueuedTask<T> = (signal: AbortSignal, isCurrent: () => Promise<boolean>) => Promise<T>

/** Runs the tasks of one conversation one after the other, and those of different conversations in parallel. */
export class ConversationQueue {
  private readonly serial = new SerialQueue()
  /** By conversation: one controller for each task that has not ended, in order. */
  private readonly tasks = new Map<string, Set<AbortController>>()

  /** @param shared the questions of the same conversations at other instances */
  constructor(private readonly shared?: SharedConversations) {}

  /**
   * Runs a task once all earlier tasks of the same key have ended.
   * @param limit tasks that may wait besides the running one
   * @throws {BusyError} if that many are waiting, or 100 tasks have not ended yet
   */
  async enqueue<T>(key: string, task: QueuedTask<T>, limit = Infinity): Promise<T> {
    const tasks = this.tasks.get(key) ?? new Set<AbortController>()
    if (this.pending(key) > limit || tasks.size >= MAX_TASKS_PER_CONVERSATION) throw new BusyError()

    const controller = new AbortController()
    this.tasks.set(key, tasks.add(controller))
    // Tasks that are being stopped still have their places.
    const stopping = tasks.size - this.pending(key)
    const capacity = Math.min(limit + 1, MAX_TASKS_PER_CONVERSATION) + stopping
    const joining = this.shared?.isActive ? this.shared.join(key, capacity) : undefined
    return this.serial.run(key, async () => {
      try {
        return await (joining ? runInPlace(joining, controller, task) : task(controller.signal, async () => true))
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

  /** As `stop`, at all instances. @returns whether there was a task to stop at this one */
  stopEverywhere(key: string, reason?: unknown): boolean {
    this.shared?.tellStop(key, reason)
    return this.stop(key, reason)
  }

  /** Whether any instance has a task of the key that has not ended. */
  async isBusyAnywhere(key: string): Promise<boolean> {
    return this.pending(key) > 0 || (!!this.shared?.isActive && this.shared.isBusy(key))
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

  /** Tasks that wait for an earlier one of their conversation. */
  get waiting() {
    return Array.from(this.tasks.values(), ({ size }) => size - 1).reduce((sum, count) => sum + count, 0)
  }
}

/** Runs a task once the earlier ones of all instances have ended. */
async function runInPlace<T>(
  joining: Promise<QueuePlace | undefined>, controller: AbortController, task: QueuedTask<T>,
): Promise<T> {
  const place = await joining
  if (!place) throw new BusyError()
  // Another instance has gone on, because this one was stopped for too long.
  place.lost.addEventListener('abort', () => controller.abort())
  try {
    await place.whenFirst()
    return await task(controller.signal, () => place.confirm())
  } finally {
    await place.leave()
  }
}
