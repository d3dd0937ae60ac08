import { Activity, SerialQueue } from 'common/async'
import type { Clock } from 'common/time'
import { WecomApiError } from '../api/client'
import { SYSTEM_BUSY } from '../api/retry'
import type { Owner } from '../protocol/conversation'
import { channelOf, userOf } from '../protocol/conversation'
import type { Connection } from './connection'
import type { ConversationLimits, Slot } from './conversation-limits'
import { errcodes, isRefusal, unsent } from './refusal'

/** A conversation as the long connection addresses it. */
export interface Address {
  /** Koishi's channel id. */
  channel: string
  /** The group's id, or the person's. */
  chatId: string
  /** 1: single chat, 2: group. Without it, a person whose id is also that of a group would not be reached. */
  chatType: 1 | 2
}

export function addressOfOwner({ chatId, userId }: Pick<Owner, 'chatId' | 'userId'>): Address {
  return { channel: channelOf({ chatId, userId }), chatId: chatId ?? userId, chatType: chatId ? 2 : 1 }
}

/** @param channelId Koishi's channel id */
export function addressOfChannel(channelId: string): Address {
  const userId = userOf(channelId)
  return { channel: channelId, chatId: userId ?? channelId, chatType: userId ? 1 : 2 }
}

/** Most messages of one conversation that wait for WeCom's limits. */
const MAX_WAITING = 100
/** Most tries of one message that WeCom refuses for a passing reason. */
const MAX_ATTEMPTS = 3
const BUSY_PAUSE_MS = 1000

export interface SendOptions {
  /** The message that is answered. Without it, or where it can no longer be answered, a new message is sent. */
  requestId?: string
  /** Where the message can no longer be answered, no new message is sent. */
  isReplyOnly?: boolean
  /** How long to wait for a connection. Milliseconds. */
  readyTimeoutMs: number
}

/** Sends messages to conversations: in order, within WeCom's limits, and never twice. */
export class ConversationSender {
  private readonly queue = new SerialQueue()
  private readonly waiting = new Map<string, number>()
  private readonly sending: Activity

  constructor(
    private readonly connection: Connection,
    private readonly limits: ConversationLimits,
    private readonly clock: Clock,
    /** Ends all waiting. */
    private readonly closing: AbortSignal,
  ) {
    this.sending = new Activity(clock)
  }

  /** Waits until everything is sent, at most `limitMs` milliseconds. */
  whenIdle(limitMs: number): Promise<boolean> {
    return this.sending.whenIdle(limitMs)
  }

  /**
   * Sends one message, after those before it to the same conversation.
   * @param body `msgtype` and the content
   * @throws {WecomApiError}
   */
  async send(address: Address, body: object, options: SendOptions): Promise<void> {
    const { channel } = address
    const waiting = this.waiting.get(channel) ?? 0
    if (waiting >= MAX_WAITING) throw unsent(`too many messages are waiting (${MAX_WAITING}): send again later`)
    this.waiting.set(channel, waiting + 1)
    try {
      await this.sending.run(() => this.queue.run(channel, () => this.attempt(address, body, options)))
    } finally {
      const left = this.waiting.get(channel)! - 1
      if (left) this.waiting.set(channel, left)
      else this.waiting.delete(channel)
    }
  }

  private async attempt(address: Address, body: object, { requestId, isReplyOnly, readyTimeoutMs }: SendOptions) {
    for (let attempt = 1, answers = requestId; ;) {
      if (!await this.connection.whenReady(readyTimeoutMs)) throw this.connection.unavailable()
      const slot = await this.enter(address.channel)
      try {
        if (answers) return void await this.connection.request('aibot_respond_msg', body, answers)
        const { chatId: chatid, chatType: chat_type } = address
        return void await this.connection.request('aibot_send_msg', { chatid, chat_type, ...body })
      } catch (error) {
        if (answers && !isReplyOnly && isRefusal(error, errcodes.requestIdInvalid)) answers = undefined
        else if (++attempt > MAX_ATTEMPTS || !await this.mayRepeat(error, address)) throw error
      } finally {
        slot.done()
      }
    }
  }

  /** Whether a message has not arrived, and may arrive later. */
  private async mayRepeat(error: unknown, { channel }: Address): Promise<boolean> {
    if (this.closing.aborted || !(error instanceof WecomApiError)) return false
    if (error.failure === 'unsent' || error.errcode === errcodes.notSubscribed) return true
    if (error.errcode === errcodes.rateLimited || error.errcode === errcodes.tooConcurrent) {
      this.limits.refused(channel)
      return true
    }
    if (error.errcode !== SYSTEM_BUSY) return false
    await this.clock.sleep(BUSY_PAUSE_MS, this.closing)
    return true
  }

  private async enter(channel: string): Promise<Slot> {
    for (;;) {
      const slot = this.limits.enter(channel, 'message')
      if (typeof slot !== 'number') return slot
      if (this.closing.aborted) throw unsent('the bot has stopped')
      await this.clock.sleep(slot, this.closing)
    }
  }
}
