import type { Bot, h, Session } from 'koishi'
import type { Clock } from '../clock'
import { EditDelivery } from './edit'
import { MessageDelivery } from './message'
import { render } from './render'

/** Brings one answer to its reader while it is being written. */
export interface Delivery {
  /** Takes the newest state of the whole text, and returns at once however slow the platform is. */
  update(text: string): void
  /**
   * Resolves once the whole text can be read, each part of it exactly once. It is called once, and is the last call.
   * @throws the platform's error, when part of the text could not be sent
   */
  finish(text: string): Promise<void>
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

/** The reply to a message, as its platform can give it. */
export function targetOf(session: Session): Target {
  const { channelId, event: { referrer } } = session
  const bot: StreamingBot = session.bot
  const editable = bot.editMessage && !garbling.has(bot.platform ?? '')
  return {
    render: markdown => render(markdown, bot),
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
