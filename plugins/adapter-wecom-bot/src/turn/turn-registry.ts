import type { Clock } from '../util/clock'
import { TurnController } from './turn-controller'
import { randomSalt } from '../protocol/crypto'
import type { Concurrency } from './concurrency'
import type { FallbackDelivery } from './fallback'
import type { Event, Message } from '../protocol/payload'
import type { TurnLog, TurnOptions } from './turn-options'
import type { Frame } from '../protocol/reply'
import type { Notices } from './bubble'
import type { Said } from '../render/said'
import type { Owner } from '../protocol/conversation'
import { Turn } from './turn'
import { owns } from '../protocol/conversation'

/** After the answers, closing frames are waited for so long: two polls. Milliseconds. */
const LAST_POLLS = 2500
/** And what nobody has come for may take so long on another way. Milliseconds. */
const LAST_CALLS = 1000

/** All turns of one bot, from the callback until nobody can ask for them any more. */
export class TurnRegistry {
  private readonly courses = new Map<string, TurnController>()
  private readonly byMessage = new Map<string, Turn>()

  constructor(
    readonly policy: TurnOptions,
    readonly notices: Notices,
    readonly outlet: FallbackDelivery,
    readonly clock: Clock,
    readonly log: TurnLog,
    readonly load: Concurrency,
  ) {}

  get size() {
    return this.courses.size
  }

  /**
   * Opens the turn of a callback that has not been seen before.
   * @param streaming `false` where the reply to the callback cannot be a stream
   */
  open(callback: Message | Event, responseUrl?: string, streaming = this.policy.streaming): Turn {
    const { msgId, botId, userId, chatId } = callback
    const id = randomSalt().toString('hex')
    const once = responseUrl ? { url: responseUrl, used: false } : undefined
    const turn = new Turn(id, msgId, { botId, userId, chatId }, this.clock.now(), once)
    const { policy, notices, outlet, clock, log } = this
    this.courses.set(id, new TurnController(turn, streaming, {
      policy,
      notices,
      outlet,
      clock,
      log,
      ended: turn => this.load.release(turn.id),
      forget: turn => this.drop(turn),
    }))
    this.byMessage.set(key(botId, msgId), turn)
    this.load.add(id, userId)
    return turn
  }

  get(id: string): Turn | undefined {
    return this.courses.get(id)?.turn
  }

  /** The turn that a repeated callback belongs to. */
  find(botId: string, msgId: string): Turn | undefined {
    return this.byMessage.get(key(botId, msgId))
  }

  /** The turn whose stream is polled, if it is the asker's to see. */
  ask(streamId: string, asker: Owner): Turn | undefined {
    const turn = this.get(streamId)
    return turn && owns(turn.owner, asker) ? turn : undefined
  }

  /** The latest turn of a chat whose stream can still be written. */
  latest(isWanted: (owner: Owner) => boolean): Turn | undefined {
    let found: Turn | undefined
    for (const { turn, isOpen } of this.courses.values()) {
      if (isOpen && isWanted(turn.owner)) found = turn
    }
    return found
  }

  /** Resolves when the turn has ended, or `delay` milliseconds have gone by. */
  async settled({ id }: Turn, delay: number): Promise<void> {
    await this.courses.get(id)?.ending.settled(delay)
  }

  /** The last middleware has returned; what it returned may still have to be sent. */
  returned({ id }: Turn) {
    this.courses.get(id)?.ending.returned()
  }

  /** What the platform is to show now; `undefined` where the turn has no bubble and needs none. */
  frame({ id }: Turn): Frame | undefined {
    return this.courses.get(id)?.frame()
  }

  /** Whether the closing frame has reached the platform. */
  fetched({ id }: Turn, arrived: boolean) {
    this.courses.get(id)?.fetched(arrived)
  }

  /**
   * Says something more in a turn, on whichever way is left.
   * @returns the message's id, or `undefined` where it went out as a message of its own, which cannot be edited
   * @throws {DeliveryError}
   */
  async say(turn: Turn, said: Said): Promise<string | undefined> {
    const course = this.courses.get(turn.id)
    if (course) return course.say(said)
    await this.outlet.send(turn, said)
  }

  /** @returns whether the message is there and could still be changed */
  rewrite({ id }: Turn, messageId: string, said: Said): boolean {
    return !!this.courses.get(id)?.change(turn => turn.rewrite(messageId, said))
  }

  /** @returns whether the message was there and could still be taken back */
  retract({ id }: Turn, messageId: string): boolean {
    return !!this.courses.get(id)?.change(turn => turn.retract(messageId))
  }

  /** Forgets a turn. */
  drop({ id, msgId, owner }: Turn) {
    this.courses.get(id)?.stop()
    this.courses.delete(id)
    this.byMessage.delete(key(owner.botId, msgId))
    this.load.release(id)
  }

  /**
   * Ends what is still being said, in as good an order as there is time for: answers may complete, whoever still waits
   * for one is told, the closing frames may be fetched, and what nobody fetches takes another way.
   * @param grace milliseconds for the answers
   */
  async drain(grace: number): Promise<void> {
    const all = () => [...this.courses.values()]
    const isSending = () => all().some(course => course.isSending)
    await this.until(grace, () => this.load.size === 0 && !isSending())
    const unfinished = all().filter(course => course.isUnfinished)
    for (const course of all()) course.interrupt()
    await this.until(LAST_POLLS, () => !unfinished.some(course => course.isUnfinished))
    for (const course of unfinished) course.abandon()
    await this.until(LAST_CALLS, () => !isSending())
  }

  private async until(limit: number, isDone: () => boolean) {
    const end = this.clock.now() + limit
    while (!isDone() && this.clock.now() < end) {
      await new Promise<void>(resolve => this.clock.setTimeout(resolve, Math.min(50, end - this.clock.now())))
    }
  }

  /** Forgets everything at once. */
  dispose() {
    for (const course of this.courses.values()) course.stop()
    this.courses.clear()
    this.byMessage.clear()
  }
}

function key(botId: string, msgId: string) {
  return `${botId}/${msgId}`
}
