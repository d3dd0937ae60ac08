import type { Payload } from '../client/payload'
import { checkCard, checkMessage, checkStream } from './body-rules'
import type { Frame, Verdict } from './frame'
import { OK, Violation, errors } from './frame'
import { RateMeter } from './rate-meter'
import type { ShownMessage } from './screen'
import { Screen } from './screen'
import { Uploads } from './uploads'

/** A message or an event that was delivered to the bot. */
interface Callback {
  kind: 'message' | 'enter_chat' | 'template_card_event' | 'other'
  chatId: string
  deliveredAt: number
  taskId?: string
  /** Number of connections that the bot had opened before. */
  connection: number
  /** Welcomes and card updates are taken once. */
  isAnswered: boolean
}

export interface ConversationRules {
  /** Whether each frame of a stream counts as a message; the documentation does not say. */
  countsFrames: boolean
  /** Whether a callback can be answered on a later connection; the documentation does not say. */
  keepsRequestIds: boolean
  /** From the first frame of a stream until it expires, in milliseconds. */
  streamLifetimeMs: number
}

const REPLY_WINDOW_MS = 24 * 3600_000
const EVENT_WINDOW_MS = 5000
const REPLY_TYPES = ['markdown', 'template_card', 'file', 'image', 'voice', 'video']

/** The conversations of one bot: which replies they accept, and what they show. */
export class Conversations {
  readonly screens = new Map<string, Screen>()
  readonly uploads = new Uploads()
  private readonly callbacks = new Map<string, Callback>()
  private readonly meter = new RateMeter(30, 1000)

  /** @param shown called whenever a conversation shows something new */
  constructor(
    private readonly rules: ConversationRules,
    private readonly shown: (chatId: string, message: ShownMessage) => void,
  ) {}

  /** Ids of conversations: the group's, else the person's. */
  static idOf({ chatid, from }: Payload): string {
    return chatid ?? from?.userid ?? ''
  }

  screen(chatId: string): Screen {
    let screen = this.screens.get(chatId)
    if (!screen) this.screens.set(chatId, screen = new Screen())
    return screen
  }

  deliver(requestId: string, payload: Payload, connection: number, now: number) {
    interface DeliveredEvent { eventtype?: string, template_card_event?: { task_id: string } }
    const { eventtype, template_card_event: click } = (payload.event ?? {}) as DeliveredEvent
    const isKnown = eventtype === 'enter_chat' || eventtype === 'template_card_event'
    const chatId = Conversations.idOf(payload)
    if (!eventtype) this.screen(chatId)
    this.callbacks.set(requestId, {
      kind: !eventtype ? 'message' : isKnown ? eventtype : 'other',
      chatId,
      deliveredAt: now,
      taskId: click?.task_id,
      connection,
      isAnswered: false,
    })
  }

  /** @throws {Violation} */
  handle({ cmd = '', headers, body }: Frame, connection: number, now: number): Verdict {
    if (cmd.startsWith('aibot_upload_media_')) return this.uploads.handle(cmd, body ?? {}, now)
    if (cmd === 'aibot_send_msg') return this.push(body ?? {}, now)
    const callback = this.callbacks.get(headers.req_id)
    if (callback && callback.connection !== connection && !this.rules.keepsRequestIds) {
      // Not a violation: the bot cannot know.
      return { errcode: errors.requestId, errmsg: 'invalid req_id' }
    }
    if (!callback) throw new Violation(errors.requestId, `${cmd} with an unknown req_id`)
    switch (cmd) {
      case 'aibot_respond_msg':
        return this.respond(callback, body ?? {}, now)
      case 'aibot_respond_welcome_msg':
        return this.welcome(callback, body ?? {}, now)
      case 'aibot_respond_update_msg':
        return this.updateCard(callback, body ?? {}, now)
      default:
        throw new Violation(errors.parameter, `an unknown command: ${cmd}`)
    }
  }

  private respond(callback: Callback, body: Record<string, unknown>, now: number): Verdict {
    const { kind, chatId, deliveredAt } = callback
    if (kind !== 'message') throw new Violation(errors.requestId, `aibot_respond_msg for ${kind}`)
    if (now - deliveredAt > REPLY_WINDOW_MS) throw new Violation(errors.requestId, 'a reply after 24 hours')
    const screen = this.screen(chatId)
    if (body.msgtype !== 'stream') {
      checkMessage(body, REPLY_TYPES, this.uploads, now)
      this.count(chatId, now)
      this.shown(chatId, screen.show(body, now))
      return OK
    }
    checkStream(body.stream)
    if (body.template_card !== undefined) throw new Violation(errors.messageType, 'a card in a stream')
    const stream = body.stream as { id: string, content: string, finish: boolean }
    const shown = screen.stream(stream.id)
    if (shown && now - shown.shownAt > this.rules.streamLifetimeMs) {
      throw new Violation(errors.expired, 'a frame of a stream that has expired')
    }
    if (!shown || this.rules.countsFrames) this.count(chatId, now)
    this.shown(chatId, screen.showStream(stream, now))
    return OK
  }

  private welcome(callback: Callback, body: Record<string, unknown>, now: number): Verdict {
    this.answerEvent(callback, 'enter_chat', 'aibot_respond_welcome_msg', now)
    checkMessage(body, ['text', 'template_card'], this.uploads, now)
    this.count(callback.chatId, now)
    this.shown(callback.chatId, this.screen(callback.chatId).show(body, now))
    return OK
  }

  private updateCard(callback: Callback, body: Record<string, unknown>, now: number): Verdict {
    this.answerEvent(callback, 'template_card_event', 'aibot_respond_update_msg', now)
    if (body.response_type !== 'update_template_card') throw new Violation(errors.messageType, 'an update without response_type')
    checkCard(body.template_card)
    const card = body.template_card as { task_id?: string }
    if (card.task_id !== callback.taskId) throw new Violation(errors.parameter, 'a task_id other than the event\'s')
    this.screen(callback.chatId).updateCard(card)
    return OK
  }

  private answerEvent(callback: Callback, kind: Callback['kind'], cmd: string, now: number) {
    if (callback.kind !== kind) throw new Violation(errors.requestId, `${cmd} for ${callback.kind}`)
    if (callback.isAnswered) throw new Violation(errors.requestId, `a second ${cmd}`)
    if (now - callback.deliveredAt > EVENT_WINDOW_MS) throw new Violation(errors.requestId, `${cmd} after 5 seconds`)
    callback.isAnswered = true
  }

  private push(body: Record<string, unknown>, now: number): Verdict {
    const chatId = String(body.chatid)
    if (!this.screens.has(chatId)) throw new Violation(errors.chat, 'a message to a conversation without a message')
    if (body.chat_type !== undefined && ![0, 1, 2].includes(body.chat_type as number)) throw new Violation(errors.parameter, 'an invalid chat_type')
    checkMessage(body, REPLY_TYPES, this.uploads, now)
    this.count(chatId, now)
    this.shown(chatId, this.screen(chatId).show(body, now))
    return OK
  }

  private count(chatId: string, now: number) {
    if (!this.meter.count(chatId, now)) {
      throw new Violation(errors.rate, 'more than 30 messages a minute or 1000 an hour in one conversation')
    }
  }
}
