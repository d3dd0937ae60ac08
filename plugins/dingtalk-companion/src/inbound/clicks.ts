import { randomUUID } from 'node:crypto'
import { h, Universal } from 'koishi'
import type { Context, Session } from 'koishi'
import type { Clock } from 'common/time'
import type { StockBot } from '../api/stock-bot'
import type { CardChats } from '../storage/card-chats'
import { readClick } from './card-click'
import type { CardClick } from './card-click'

declare module 'koishi' {
  interface Events {
    /** A person has rated an answer with the buttons of its card. */
    'dingtalk-companion/feedback'(session: Session, feedback: CardFeedback): void
  }
}

export interface CardFeedback {
  isGood: boolean
  /** The card. */
  messageId: string
}

/** Actions of the usual templates. */
const STOP_ACTIONS = new Set(['stop', 'btn_stop'])
const FEEDBACK_ACTIONS = new Map([['feedback_up', true], ['feedback_down', false], ['like', true], ['dislike', false]])

export interface ClicksOptions {
  ctx: Pick<Context, 'emit'>
  bot: StockBot
  chats: CardChats
  clock: Pick<Clock, 'now'>
  /** What a click on the stop button says. */
  stopText: string
}

/**
 * Takes clicks on cards. All become `interaction/button`; a click on the stop button says the word for it as well, so
 * that it stops the answers that the word stops when it is typed.
 */
export class Clicks {
  constructor(private readonly options: ClicksOptions) {}

  /** @returns what to respond to DingTalk */
  receive(data: unknown): object | null {
    const click = readClick(data)
    if (!click) return null
    const { ctx, stopText } = this.options
    const id = typeof click.params.id === 'string' ? click.params.id : click.actionId
    const session = this.sessionOf(click, { type: 'interaction/button', button: { id } })
    this.options.bot.dispatch(session)
    if (STOP_ACTIONS.has(click.actionId)) this.say(click, stopText)
    const isGood = FEEDBACK_ACTIONS.get(click.actionId)
    if (isGood === undefined) return null
    ctx.emit('dingtalk-companion/feedback', session, { isGood, messageId: click.outTrackId })
    // Templates can show which button was clicked.
    const userPrivateData = { cardParamMap: { feedback: isGood ? 'up' : 'down' } }
    return { cardUpdateOptions: { updatePrivateDataByKey: true }, userPrivateData }
  }

  private say(click: CardClick, text: string) {
    const session = this.sessionOf(click, { type: 'message' })
    session.messageId = `${click.outTrackId}:${randomUUID()}`
    session.elements = [...session.isDirect ? [] : [h.at(session.selfId)], h.text(text)]
    session.content = session.elements.join('')
    this.options.bot.dispatch(session)
  }

  private sessionOf({ corpId, outTrackId, spaceId, userId }: CardClick, event: Partial<Universal.Event>): Session {
    const { bot, chats } = this.options
    // Not known are the cards of other instances, and of the process before this one.
    const chat = chats.get(outTrackId) ?? (spaceId?.startsWith('cid')
      ? { id: spaceId, isDirect: false, guildId: corpId }
      : { id: userId, isDirect: true, guildId: corpId })
    return bot.session({
      user: { id: userId },
      member: {},
      ...chat.guildId && { guild: { id: chat.guildId } },
      channel: { id: chat.id, type: chat.isDirect ? Universal.Channel.Type.DIRECT : Universal.Channel.Type.TEXT },
      message: { id: outTrackId },
      timestamp: this.options.clock.now(),
      ...event,
    }) as Session
  }
}
