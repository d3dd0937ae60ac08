import type { Bot, h, Session } from 'koishi'
import type { Clock } from '../util/clock'
import { EditDelivery } from './edit-delivery'
import { MessageDelivery } from './message-delivery'
import { controls } from './buttons'
import { render } from './render'
import type { RenderOptions } from './render'

/** Brings one answer to its reader while it is being written. */
export interface Delivery {
  /** Shows a line for as long as there is no text, where it can be taken away again. */
  status?(line: string): void
  /** The reader sees something already, if only a status: whatever is said must take its place. */
  readonly isOpen?: boolean
  /** Takes the newest state of the whole text, and returns at once however slow the platform is. */
  update(text: string): void
  /**
   * Resolves once the whole text can be read, each part of it exactly once. It is called once, and is the last call.
   * @param failed an error has cut it off
   * @throws the platform's error, when part of the text could not be sent
   */
  finish(text: string, failed?: boolean): Promise<void>
}

/** What a platform can do for an answer. */
export interface Target {
  render(markdown: string): h[]
  /** Sends a message. @returns its ids: several, when the platform had to split it */
  create(elements: h[]): Promise<string[]>
  /** Replaces a message, where that is possible. */
  edit?(id: string, elements: h[]): Promise<void>
  /** Milliseconds between two edits. */
  interval: number
  /** Bytes a message may have, in Markdown; 0 or left out is no limit. */
  limit?: number
  /** What can be clicked below an answer that is being written, or is done. */
  controls?(done: boolean): h[]
}

export type EditableTarget = Target & Required<Pick<Target, 'edit'>>

export interface DeliveryOptions {
  clock: Clock
  random: () => number
  /** Whether to show the text while it grows. */
  streaming: boolean
}

/** What an adapter may say of its bots beside what Koishi asks. */
type StreamingBot = Omit<Bot, 'editMessage'> & Partial<Pick<Bot, 'editMessage'>> & {
  editInterval?: number
  markdown?: boolean
}

/** Their stock `editMessage` sends the source of the elements instead of what they mean. */
const garbling = new Set(['discord', 'kook'])

/** What of the settings concerns delivery. */
export interface TargetOptions extends RenderOptions {
  /** By platform. */
  messageBytes?: Record<string, number>
  buttons?: boolean
}

/** Bytes that platforms take in one message, with room for what their encoders add. Others take as much as we say. */
const limits: Record<string, number> = {
  // https://open.dingtalk.com/document/orgapp/the-application-robot-in-the-enterprise-sends-group-chat-messages
  dingtalk: 12_000,
  // https://discord.com/developers/docs/resources/message#create-message
  discord: 1900,
  // https://developers.line.biz/en/reference/messaging-api/#text-message
  line: 4900,
  // https://core.telegram.org/bots/api#sendmessage
  telegram: 4000,
  // https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html
  'wechat-official': 2000,
  // https://developer.work.weixin.qq.com/document/path/90236
  wecom: 2000,
  // Its adapter finds other ways for what is too long.
  'wecom-bot': 0,
  // https://developers.facebook.com/docs/whatsapp/cloud-api/messages/text-messages
  whatsapp: 4000,
  // https://zulip.com/api/send-message
  zulip: 9900,
}

const GENEROUS = 30_000

/** The reply to a message, as its platform can give it. */
export function targetOf(session: Session, options: TargetOptions = {}): Target {
  const { channelId, event: { referrer } } = session
  const bot: StreamingBot = session.bot
  const editable = bot.editMessage && !garbling.has(bot.platform ?? '')
  return {
    render: markdown => render(markdown, bot, options),
    limit: { ...limits, ...options.messageBytes }[session.platform] ?? GENEROUS,
    controls: options.buttons ? done => controls(session, done) : undefined,
    // `session.send` would swallow the errors. Passive platforms need both the referrer and the session.
    create: elements => bot.sendMessage(channelId!, elements, referrer, { session }),
    edit: editable ? (id, elements) => bot.editMessage!(channelId!, id, elements) : undefined,
    interval: bot.editInterval ?? 1000,
  }
}

/** Picks the best way a target allows. */
export function createDelivery(target: Target, options: DeliveryOptions): Delivery {
  return options.streaming && canEdit(target) ? new EditDelivery(target, options) : new MessageDelivery(target, options)
}

function canEdit(target: Target): target is EditableTarget {
  return !!target.edit
}
