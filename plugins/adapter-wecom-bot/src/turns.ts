import { randomBytes } from 'node:crypto'
import { Clock } from './clock'
import { Load } from './load'
import { DeliveryError, Outlet } from './outlet'
import { Event, Message } from './payload'
import { Frame } from './reply'
import { resume } from './split'
import { Notices, Stream } from './stream'
import { Owner, Said, Turn, owns } from './turn'

/** Times are milliseconds. */
export interface Policy {
  /** `false`: no streams, every answer goes by `response_url`. */
  streaming: boolean
  /** Whether streams may carry cards. */
  cards: boolean
  /** What a bubble shows while nothing has been said. */
  placeholder: string
  /** From the message until its stream must be closed; WeCom itself gives up after six minutes. */
  window: number
  /** From the end of a turn until its last frame counts as never fetched. */
  unclaimed: number
  /** From the end of a turn until it is forgotten. */
  retention: number
  /** From the message until a turn that never ends is forgotten. */
  lifetime: number
}

/** What the operator should hear of a turn. */
export interface TurnLog {
  lost(turn: Turn, error: unknown): void
  hung(turn: Turn): void
}

/** A turn and how far it has come. */
interface Entry {
  turn: Turn
  stream: Stream
  streaming: boolean
  /**
   * `live`: the stream says what there is. `sending`: another way out is at work, the stream waits for how it ends.
   * `handed-over`: the stream had to close, the answer goes on. `done`: everything said has been delivered.
   */
  phase: 'live' | 'sending' | 'handed-over' | 'done'
  /** The platform was given a frame, so a bubble is open. */
  opened: boolean
  /** The platform was given the closing frame; whether it arrived is not known yet. */
  closing: boolean
  /** The closing frame has arrived. */
  fetched: boolean
  /** What did not fit has left on another way: nothing that is shown may move any more. */
  frozen: boolean
  /** Closes the stream while another way out is still at work. */
  close?: () => void
  waiting: (() => void)[]
  timer?: unknown
  /** Ends a chain of whose end Koishi tells nothing. */
  grace?: unknown
}

/** Koishi ends a chain with an event that never comes where storing the user fails: wait so long, then do without. */
const CHAIN_GRACE = 5000

/** All turns of one bot, from the callback until nobody can ask for them any more. */
export class Turns {
  readonly #entries = new Map<string, Entry>()
  readonly #byMessage = new Map<string, Entry>()

  constructor(
    readonly policy: Policy,
    readonly notices: Notices,
    readonly outlet: Outlet,
    readonly clock: Clock,
    readonly log: TurnLog,
    readonly load: Load,
  ) {}

  get size() {
    return this.#entries.size
  }

  /**
   * Opens the turn of a callback that has not been seen before.
   * @param streaming `false` where the reply to the callback cannot be a stream
   */
  open(callback: Message | Event, responseUrl?: string, streaming = this.policy.streaming): Turn {
    const { msgId, botId, userId, chatId } = callback
    const id = randomBytes(16).toString('hex')
    const once = responseUrl ? { url: responseUrl, used: false } : undefined
    const turn = new Turn(id, msgId, { botId, userId, chatId }, this.clock.now(), once)
    const stream = new Stream(turn, this.policy.placeholder, this.notices)
    const entry: Entry = {
      turn,
      stream,
      streaming,
      phase: 'live',
      opened: false,
      closing: false,
      fetched: false,
      frozen: false,
      waiting: [],
    }
    if (!streaming || !this.policy.cards) turn.spendCard(0)
    this.#entries.set(id, entry)
    this.#byMessage.set(key(botId, msgId), entry)
    this.load.enter(id, userId)
    turn.onEnd = () => this.#ended(entry)
    this.#wait(entry, this.policy.lifetime, () => {
      this.log.hung(turn)
      if (entry.phase === 'handed-over' || (turn.text && !entry.closing)) this.#ended(entry)
      else this.#forget(entry)
    })
    return turn
  }

  get(id: string): Turn | undefined {
    return this.#entries.get(id)?.turn
  }

  /** The turn that a repeated callback belongs to. */
  find(botId: string, msgId: string): Turn | undefined {
    return this.#byMessage.get(key(botId, msgId))?.turn
  }

  /** Resolves when the turn has ended, or `delay` milliseconds have gone by. */
  settled(turn: Turn, delay: number): Promise<void> {
    const entry = this.#entries.get(turn.id)
    if (!entry || turn.ended) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.clock.setTimeout(resolve, delay)
      entry.waiting.push(() => {
        this.clock.clearTimeout(timer)
        resolve()
      })
    })
  }

  /** The last middleware has returned; what it returned may still have to be sent. */
  returned(turn: Turn) {
    const entry = this.#entries.get(turn.id)
    if (entry && !turn.ended) entry.grace ??= this.clock.setTimeout(() => turn.chainEnded(), CHAIN_GRACE)
  }

  /** The turn whose stream is polled, if it is the asker's to see. */
  ask(streamId: string, asker: Owner): Turn | undefined {
    const turn = this.#entries.get(streamId)?.turn
    return turn && owns(turn.owner, asker) ? turn : undefined
  }

  /** The latest turn of a chat whose stream can still be written. */
  latest(owns: (owner: Owner) => boolean): Turn | undefined {
    let found: Turn | undefined
    for (const { turn, phase } of this.#entries.values()) {
      if (phase !== 'done' && !turn.ended && owns(turn.owner)) found = turn
    }
    return found
  }

  /** What the platform is to show now; `undefined` where the turn has no bubble and needs none. */
  frame(turn: Turn): Frame | undefined {
    const entry = this.#entries.get(turn.id)
    if (!entry?.streaming) return
    const { stream, phase } = entry
    if (phase === 'done' && !stream.closed) return
    if (!stream.closed && this.clock.now() - turn.openedAt >= this.policy.window) {
      if (phase === 'sending') {
        entry.close?.()
      } else {
        entry.phase = 'handed-over'
        stream.handOver(this.outlet.isOpen(turn) ? this.notices.later : this.notices.cutOff)
      }
    }
    entry.opened = true
    if (!stream.closed) return stream.snapshot()
    entry.closing = true
    return stream.closed
  }

  /** Whether the closing frame has reached the platform. */
  fetched(turn: Turn, arrived: boolean) {
    const entry = this.#entries.get(turn.id)
    if (!entry || entry.phase === 'handed-over' || entry.phase === 'done') return
    entry.closing = arrived
    entry.fetched ||= arrived
    if (arrived && entry.phase === 'live') this.#finished(entry)
  }

  /**
   * Says something more in a turn, on whichever way is left.
   * @returns the message's id, or `undefined` where it went out as a message of its own, which cannot be edited
   * @throws {DeliveryError}
   */
  async say(turn: Turn, said: Said): Promise<string | undefined> {
    if (!this.#isOpen(turn)) return void await this.outlet.send(turn, said.text)
    const id = turn.say(said)
    this.#reopen(turn)
    return id
  }

  /** @returns whether the message is there and could still be changed */
  rewrite(turn: Turn, id: string, said: Said): boolean {
    if (!this.#isOpen(turn) || !turn.rewrite(id, said)) return false
    this.#reopen(turn)
    return true
  }

  /** @returns whether the message was there and could still be taken back */
  retract(turn: Turn, id: string): boolean {
    if (!this.#isOpen(turn) || !turn.retract(id)) return false
    this.#reopen(turn)
    return true
  }

  /** Whether what was said can still be changed: the platform does not have it for good. */
  #isOpen(turn: Turn): boolean {
    const entry = this.#entries.get(turn.id)
    return entry?.phase === 'handed-over' || (entry?.phase === 'live' && !entry.closing && !entry.frozen)
  }

  /** After a change, a stream that was closed already must be closed anew. */
  #reopen(turn: Turn) {
    const entry = this.#entries.get(turn.id)
    if (entry?.phase !== 'live') return
    entry.stream.closed = undefined
    if (turn.ended) this.#ended(entry)
  }

  /** Forgets a turn that nobody took. */
  drop(turn: Turn) {
    const entry = this.#entries.get(turn.id)
    if (entry) this.#forget(entry)
  }

  /**
   * Ends what is still being said, in as good an order as there is time for: answers may complete, what is left then
   * is closed with a notice, and the closing frames may be fetched.
   * @param grace milliseconds for the answers; fetching the last frames is given two polls more
   */
  async drain(grace: number): Promise<void> {
    await this.#until(grace, () => this.load.size === 0)
    for (const entry of this.#entries.values()) {
      if (entry.phase !== 'live' || entry.turn.ended || !entry.opened) continue
      entry.stream.handOver(this.notices.interrupted)
      entry.phase = 'handed-over'
    }
    const open = [...this.#entries.values()].filter(entry => entry.opened && !entry.closing)
    await this.#until(2500, () => open.every(entry => entry.closing))
  }

  async #until(limit: number, isDone: () => boolean) {
    const end = this.clock.now() + limit
    while (!isDone() && this.clock.now() < end) {
      await new Promise<void>(resolve => this.clock.setTimeout(resolve, Math.min(50, end - this.clock.now())))
    }
  }

  /** Forgets everything at once. */
  dispose() {
    for (const entry of this.#entries.values()) this.#stop(entry)
    this.#entries.clear()
    this.#byMessage.clear()
  }

  #ended(entry: Entry) {
    const { turn, stream, phase, opened } = entry
    this.clock.clearTimeout(entry.grace)
    this.load.leave(turn.id)
    const said = turn.text || turn.images.length || turn.card
    if (phase === 'handed-over') {
      const rest = resume(turn.text, common(turn.text, stream.shown))
      if (rest) void this.#send(entry, rest)
      else if (!turn.text && this.outlet.isOpen(turn)) void this.#send(entry, this.notices.silent)
      else this.#finished(entry)
    } else if (phase === 'live' && !entry.frozen) {
      if (entry.streaming && (said || opened)) void this.#finish(entry)
      else if (turn.text) void this.#send(entry, turn.text)
      else this.#finished(entry)
    }
    for (const callback of entry.waiting.splice(0)) callback()
  }

  /** Closes the stream; what does not fit goes out first, so that the last frame can say truly what became of it. */
  async #finish(entry: Entry) {
    const { turn, stream } = entry
    const { continued, lost } = this.notices
    if (stream.fit(turn.text)[1]) {
      // Room for whatever has to be said below, so that the place where the text is cut does not depend on it.
      const room = [continued, lost(turn.text.length)].join('\n\n')
      const overflow = stream.fit(turn.text, room)[1]
      entry.close = () => stream.finish(continued, room)
      const missing = await this.#deliver(entry, overflow)
      entry.phase = 'live'
      entry.frozen = missing < overflow.length
      const notes = [entry.frozen && continued, missing && lost(missing)]
      if (!stream.closed) stream.finish(notes.filter(Boolean).join('\n\n'), room)
    } else {
      stream.finish()
    }
    if (entry.fetched) this.#finished(entry)
    else this.#wait(entry, this.policy.unclaimed, () => void this.#claim(entry))
  }

  /** Nobody fetched the last frame: WeCom has stopped polling, or the chat was closed. */
  async #claim(entry: Entry) {
    const { turn, stream } = entry
    const text = entry.frozen ? stream.shown : turn.text
    if (!text || !this.outlet.isOpen(turn)) return this.#retire(entry)
    // A poll that comes after all must not show the answer a second time.
    const last = stream.closed
    stream.closed = undefined
    entry.close = () => stream.redirect()
    if (await this.#deliver(entry, text) < text.length) {
      stream.redirect()
      this.#finished(entry)
    } else {
      entry.phase = 'live'
      stream.closed ??= last
      this.#retire(entry)
    }
  }

  async #send(entry: Entry, text: string) {
    await this.#deliver(entry, text)
    this.#finished(entry)
  }

  #finished(entry: Entry) {
    entry.phase = 'done'
    this.#retire(entry)
  }

  /**
   * Lets another way out do its work; how the turn goes on then is the caller's to say.
   * @returns how many characters did not get out
   */
  async #deliver(entry: Entry, text: string): Promise<number> {
    const { turn } = entry
    entry.phase = 'sending'
    try {
      await this.outlet.send(turn, text)
      return 0
    } catch (error) {
      this.log.lost(turn, error)
      return error instanceof DeliveryError ? error.lost : text.length
    }
  }

  #retire(entry: Entry) {
    this.#wait(entry, this.policy.retention, () => this.#forget(entry))
  }

  #forget(entry: Entry) {
    this.#stop(entry)
    this.load.leave(entry.turn.id)
    this.#entries.delete(entry.turn.id)
    this.#byMessage.delete(key(entry.turn.owner.botId, entry.turn.msgId))
  }

  #stop(entry: Entry) {
    this.clock.clearTimeout(entry.timer)
    this.clock.clearTimeout(entry.grace)
  }

  #wait(entry: Entry, delay: number, callback: () => void) {
    this.clock.clearTimeout(entry.timer)
    // A way out may have been at work when all was disposed of.
    if (this.#entries.get(entry.turn.id) !== entry) return
    entry.timer = this.clock.setTimeout(callback, delay)
  }
}

function key(botId: string, msgId: string) {
  return `${botId}/${msgId}`
}

/** Where a text leaves what was shown of it, which may end in a fence or a thought that was closed for showing only. */
function common(text: string, shown: string): number {
  let at = 0
  while (at < shown.length && text[at] === shown[at]) at++
  return /^[\s>`~]*(?:<?\/think>)?$/.test(shown.slice(at)) ? at : 0
}
