import type { Clock } from 'common/time'
import { MAX_CONVERSATION_MESSAGES_PER_HOUR, MAX_CONVERSATION_MESSAGES_PER_MINUTE } from '../protocol/limits'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Messages per minute that refreshed frames leave to last frames and new messages. */
const MINUTE_RESERVE = 10
const HOUR_RESERVE = 200
/** Least time between two frames of a bubble. */
const MIN_SPACING_MS = 700
/** As many frames of a minute may follow each other at `MIN_SPACING_MS`; the others are spread over the rest of it. */
const QUICK_FRAMES = 10

/**
 * What is sent. `last`: the last frame of a bubble. `message`: the first frame of a bubble, or a message of its own.
 * `refresh`: a frame in between, which may as well be left out.
 */
export type SendKind = 'last' | 'message' | 'refresh'

/** Something that is sent now. It counts from the moment at which WeCom received it, which is not known exactly. */
export interface Slot {
  /** It is acknowledged, or given up. */
  done(): void
  /** It was not sent after all. */
  cancel(): void
}

interface Conversation {
  /** When messages were sent, in order; those in flight are at the end. */
  times: number[]
  inFlight: number
  /** No more messages before this time: WeCom has refused one. */
  blockedUntil: number
  /** Bubbles that are open: each will need a last frame. */
  openBubbles: number
}

/**
 * Keeps to WeCom's limits per conversation, counting every frame of a bubble: whether they count is not documented.
 * @see https://developer.work.weixin.qq.com/document/path/101463
 */
export class ConversationLimits {
  private readonly conversations = new Map<string, Conversation>()
  private sweptAt: number

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {
    this.sweptAt = clock.monotonic()
  }

  get size() {
    return this.conversations.size
  }

  /** @returns a slot, or milliseconds after which to ask again */
  enter(chat: string, kind: SendKind): Slot | number {
    const now = this.clock.monotonic()
    const conversation = this.of(chat, now)
    const perMinute = MAX_CONVERSATION_MESSAGES_PER_MINUTE - reserve(conversation, kind, MINUTE_RESERVE)
    const perHour = MAX_CONVERSATION_MESSAGES_PER_HOUR - reserve(conversation, kind, HOUR_RESERVE)
    const wait = Math.max(
      conversation.blockedUntil - now,
      untilFree(conversation, now, MINUTE_MS, perMinute),
      untilFree(conversation, now, HOUR_MS, perHour),
    )
    if (wait > 0) return Math.ceil(wait)
    conversation.inFlight++
    let isOver = false
    const end = (isSent: boolean) => {
      if (isOver) return
      isOver = true
      conversation.inFlight--
      if (isSent) conversation.times.push(this.clock.monotonic())
    }
    return { done: () => end(true), cancel: () => end(false) }
  }

  /** Least milliseconds between two frames of a bubble, so that the frames of a minute last for the whole of it. */
  spacing(chat: string): number {
    const now = this.clock.monotonic()
    const conversation = this.of(chat, now)
    const recent = conversation.times.filter(time => time > now - MINUTE_MS)
    const used = recent.length + conversation.inFlight
    if (used < QUICK_FRAMES || !recent.length) return MIN_SPACING_MS
    const left = MAX_CONVERSATION_MESSAGES_PER_MINUTE - MINUTE_RESERVE - used
    const untilNextIsFree = recent[0] + MINUTE_MS - now
    return Math.max(MIN_SPACING_MS, untilNextIsFree / Math.max(1, left))
  }

  /** WeCom has refused a message as one too many: it counts differently. */
  refused(chat: string) {
    const now = this.clock.monotonic()
    this.of(chat, now).blockedUntil = now + MINUTE_MS
  }

  /** A bubble is open until the returned function is called. */
  openBubble(chat: string): () => void {
    const conversation = this.of(chat, this.clock.monotonic())
    conversation.openBubbles++
    let isOpen = true
    return () => {
      if (isOpen) conversation.openBubbles--
      isOpen = false
    }
  }

  private of(chat: string, now: number): Conversation {
    if (now - this.sweptAt >= HOUR_MS) this.sweep(now)
    let conversation = this.conversations.get(chat)
    if (!conversation) {
      conversation = { times: [], inFlight: 0, blockedUntil: -Infinity, openBubbles: 0 }
      this.conversations.set(chat, conversation)
    }
    const { times } = conversation
    const expired = times.findIndex(time => time > now - HOUR_MS)
    if (expired !== 0) times.splice(0, expired < 0 ? times.length : expired)
    return conversation
  }

  private sweep(now: number) {
    this.sweptAt = now
    for (const [chat, { times, inFlight, openBubbles, blockedUntil }] of this.conversations) {
      const isIdle = !inFlight && !openBubbles && blockedUntil <= now && (times.at(-1) ?? -Infinity) <= now - HOUR_MS
      if (isIdle) this.conversations.delete(chat)
    }
  }
}

function reserve({ openBubbles }: Conversation, kind: SendKind, most: number): number {
  switch (kind) {
    case 'last':
      return 0
    case 'message':
      return Math.min(openBubbles, most)
    case 'refresh':
      return most
    default:
      return kind satisfies never
  }
}

/** @returns milliseconds until less than `limit` messages are within the span */
function untilFree({ times, inFlight }: Conversation, now: number, spanMs: number, limit: number): number {
  const first = times.findIndex(time => time > now - spanMs)
  const count = first < 0 ? 0 : times.length - first
  const excess = count + inFlight - limit + 1
  if (excess <= 0) return 0
  // Those in flight are newer than all others.
  const freedAt = excess <= count ? times[first + excess - 1] : now
  return freedAt + spanMs - now
}
