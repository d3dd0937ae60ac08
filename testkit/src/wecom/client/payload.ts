/**
 * The callbacks that WeCom sends to a bot.
 * @see https://developer.work.weixin.qq.com/document/path/100719 messages
 * @see https://developer.work.weixin.qq.com/document/path/101027 events
 */

import { randomBytes } from 'node:crypto'

export interface Payload {
  msgid: string
  aibotid: string
  chatid?: string
  chattype?: 'single' | 'group'
  from?: { userid: string, corpid?: string }
  response_url?: string
  create_time?: number
  msgtype: string
  quote?: object
  [type: string]: unknown
}

export interface PayloadOptions {
  /** The group; `undefined` for a direct chat. */
  chatId?: string
  userId?: string
  msgId?: string
  botId?: string
  /** `false` omits it. */
  responseUrl?: string | false
  /** The quoted message: any message payload. */
  quote?: Pick<Payload, 'msgtype'>
  /** Seconds since 1970. Events always have it. */
  createTime?: number
}

/** A click on a card. */
export interface CardClick {
  cardType?: string
  eventKey: string
  taskId: string
  /** Chosen option ids by question key. */
  selected?: Record<string, string[]>
}

export interface Feedback {
  /** The `feedback.id` of the reply. */
  id: string
  /** 1 accurate, 2 inaccurate, 3 withdrawn. */
  type: 1 | 2 | 3
  content?: string
  /** 1 irrelevant, 2 incomplete, 3 wrong, 4 misunderstood. */
  reasons?: number[]
}

/** Defaults for the sender and the bot of a callback. */
export interface Sender {
  botId: string
  userId: string
  /** The bot's display name, prepended to group messages as `@name `. */
  botName?: string
  now(): number
  issueResponseUrl?(chatType: 'single' | 'group'): string
}

/** Builds callback payloads as documented. */
export class PayloadBuilder {
  constructor(protected readonly sender: Sender) {}

  private base(msgtype: string, o: PayloadOptions, responds = true): Payload {
    const chatType = o.chatId === undefined ? 'single' : 'group'
    const responseUrl = o.responseUrl ?? (responds && this.sender.issueResponseUrl?.(chatType))
    return {
      msgid: o.msgId ?? randomBytes(18).toString('base64'),
      aibotid: o.botId ?? this.sender.botId,
      ...o.chatId === undefined ? {} : { chatid: o.chatId },
      chattype: chatType,
      from: { userid: o.userId ?? this.sender.userId },
      ...responseUrl ? { response_url: responseUrl } : {},
      ...o.createTime === undefined ? {} : { create_time: o.createTime },
      msgtype,
    }
  }

  /** A message of any type, including undocumented ones. */
  message(msgtype: string, content: unknown, o: PayloadOptions = {}): Payload {
    const quoted = o.quote as Payload | undefined
    return {
      ...this.base(msgtype, o),
      [msgtype]: content,
      ...quoted ? { quote: { msgtype: quoted.msgtype, [quoted.msgtype]: quoted[quoted.msgtype] } } : {},
    }
  }

  private mention(content: string, { chatId }: PayloadOptions) {
    const { botName } = this.sender
    return chatId === undefined || !botName || content.startsWith('@') ? content : `@${botName} ${content}`
  }

  text(content: string, o: PayloadOptions = {}) {
    return this.message('text', { content: this.mention(content, o) }, o)
  }

  /** A text that quotes another message. */
  quote(quoted: Pick<Payload, 'msgtype'>, content: string, o: PayloadOptions = {}) {
    return this.text(content, { ...o, quote: quoted })
  }

  image(url: string, o?: PayloadOptions) {
    return this.message('image', { url }, o)
  }

  /** A message of texts and pictures. */
  mixed(items: (string | { image: string })[], o: PayloadOptions = {}) {
    const msg_item = items.map((item, index) => typeof item === 'string'
      ? { msgtype: 'text', text: { content: index ? item : this.mention(item, o) } }
      : { msgtype: 'image', image: { url: item.image } })
    return this.message('mixed', { msg_item }, o)
  }

  /** A voice message, transcribed by WeCom. */
  voice(content: string, o?: PayloadOptions) {
    return this.message('voice', { content }, o)
  }

  file(url: string, o?: PayloadOptions) {
    return this.message('file', { url }, o)
  }

  video(url: string, o?: PayloadOptions) {
    return this.message('video', { url }, o)
  }

  /** A poll for the current state of a stream. */
  stream(id: string, o: PayloadOptions = {}): Payload {
    return { ...this.base('stream', o, false), stream: { id } }
  }

  /** An event of any type, including undocumented ones. */
  event(eventtype: string, body?: object, o: PayloadOptions = {}, responds = false): Payload {
    const createTime = o.createTime ?? Math.floor(this.sender.now() / 1000)
    return {
      ...this.base('event', { ...o, createTime }, responds),
      event: { eventtype, ...body ? { [eventtype]: body } : {} },
    }
  }

  /** The user opens the direct chat for the first time that day. */
  enterChat(o?: PayloadOptions): Payload {
    const { chattype, ...payload } = this.event('enter_chat', undefined, o)
    return payload as Payload
  }

  cardClick({ cardType = 'button_interaction', eventKey, taskId, selected }: CardClick, o?: PayloadOptions) {
    const selected_item = Object.entries(selected ?? {}).map(([question_key, option_id]) => {
      return { question_key, option_ids: { option_id } }
    })
    return this.event('template_card_event', {
      card_type: cardType,
      event_key: eventKey,
      task_id: taskId,
      ...selected ? { selected_items: { selected_item } } : {},
    }, o, true)
  }

  feedback({ id, type, content, reasons }: Feedback, o?: PayloadOptions) {
    return this.event('feedback_event', {
      id,
      type,
      ...content === undefined ? {} : { content },
      ...reasons ? { inaccurate_reason_list: reasons } : {},
    }, o)
  }
}
