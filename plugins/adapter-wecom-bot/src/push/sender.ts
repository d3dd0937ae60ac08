import { h } from 'koishi'
import type { Referrer } from '../protocol/conversation'
import { channelOf } from '../protocol/conversation'
import type { PushTargets } from './push-targets'
import { SerialQueue } from 'common/async'
import { CardError, readCard } from '../protocol/template-card'
import { validateCard } from '../cards/card-schema'
import { separateLargePictures } from '../render/large-pictures'
import { renderElements } from '../render/markdown'
import { NewsError, readNews } from '../render/news'
import { DeliveryError } from '../api/delivery-error'
import type { OpenFile } from '../media/outgoing-files'
import { composeParts } from './parts'
import type { Push } from './push'
import type { Notices } from '../turn/notices'
import type { TurnController } from '../turn/turn-controller'
import type { TurnRegistry } from '../turn/turn-registry'

/** A sent message. */
export interface Delivered {
  /** Set if the message can still be edited. */
  id?: string
  content: string
}

/** Sends the messages of plugins. Apart from the bot, since Koishi wraps bots in proxies, which make access slow. */
export class Sender {
  private readonly composing = new SerialQueue()

  constructor(
    readonly turns: TurnRegistry,
    readonly pushTargets: PushTargets,
    readonly openFile: OpenFile,
    private readonly notices: Pick<Notices, 'pictures'>,
  ) {}

  /** The turn that a message replies to, if it is in the same chat. */
  turnOf(channelId: string, referrer?: Referrer): TurnController | undefined {
    const turn = this.answeredBy(referrer)
    return turn && belongs(turn, channelId) ? turn : undefined
  }

  /**
   * Sends elements as a reply to their turn, or as a push to the chat. The words of a reply are sent even if a card or
   * news beside them are wrong.
   * @returns `undefined` if there is nothing to send
   * @throws {DeliveryError}
   * @throws {CardError}
   * @throws {NewsError}
   */
  async deliver(channelId: string, elements: h[], referrer?: Referrer): Promise<Delivered | undefined> {
    const { turns, pushTargets } = this
    const answered = this.answeredBy(referrer)
    // Plugins also send to other chats with this session. Such messages must not appear here.
    const isHere = !answered || belongs(answered, channelId)
    if (answered && isHere) return this.say(answered, channelId, elements)
    // What is left of an answer is not repeated by any plugin, unlike a message that was refused as a whole.
    const isReply = !!referrer && isHere
    const push = pushTargets.configured(channelId)
    if (push) return this.push(push, channelId, elements, isReply)
    // Some plugins reply without a session. Then the latest open turn of the chat is answered.
    const open = referrer && isHere ? undefined : turns.findLatest(owner => channelOf(owner) === channelId)
    if (open) return this.say(open, channelId, elements)
    const other = pushTargets.fallbackFor(channelId)
    if (other) return this.push(other, channelId, elements, isReply)
    const { text } = renderElements(elements)
    if (!text) return
    throw new DeliveryError('wecom-bot/no-route', text.length, `cannot send to ${channelId}: no message of it is being answered, `
      + 'and neither a webhook nor an app is configured for it')
  }

  private async say(turn: TurnController, channelId: string, elements: h[]): Promise<Delivered | undefined> {
    const { rest, pictures } = separateLargePictures(elements)
    if (!pictures.length) return this.sayInBubble(turn, elements)
    const push = this.pushTargets.filesOf(channelId)
    const isSent = push && await this.push(push, channelId, pictures).then(() => true, (error) => {
      turn.deliveryFailed(error)
      return false
    })
    // Where it was not sent, a placeholder takes the place of each picture.
    if (!isSent) return this.sayInBubble(turn, elements)
    const { pictures: notice } = this.notices
    const isTold = !rest.length && turn.turn.text.endsWith(notice)
    return this.sayInBubble(turn, isTold ? rest : [...rest, h('p', [h.text(notice)])])
  }

  private async sayInBubble(turn: TurnController, elements: h[]): Promise<Delivered | undefined> {
    let said: Rendered
    try {
      said = renderElements(elements)
    } catch (error) {
      // The words beside a wrong card are no less an answer.
      if (isInvalid(error)) await this.sayRendered(turn, renderElements(withoutInvalid(elements)))
      throw error
    }
    return this.sayRendered(turn, said)
  }

  private async sayRendered(turn: TurnController, said: Rendered): Promise<Delivered | undefined> {
    if (!said.text && !said.images.length && !said.buttons.length && !said.card) return
    return { id: await turn.say(said), content: said.text }
  }

  /** @param isReply the rest is sent without a wrong card; other messages are sent whole or not at all */
  private async push(push: Push, channelId: string, elements: h[], isReply = false): Promise<Delivered | undefined> {
    // Reading files takes time; messages to one chat must keep their order.
    const compose = (elements: h[]) => this.composing.run(channelId, () => composeParts(elements, this.openFile))
    const parts = await compose(elements).catch(async (error) => {
      if (isReply && isInvalid(error)) await this.push(push, channelId, withoutInvalid(elements), isReply)
      throw error
    })
    if (!parts.length) return
    await push.send(parts).catch(async (error) => {
      // The target takes fewer types of cards than WeCom has.
      const others = parts.filter(({ type }) => type !== 'card')
      if (isReply && isInvalid(error) && others.length) await push.send(others)
      throw error
    })
    return { content: parts.map(part => 'content' in part ? part.content : `[${part.type}]`).join('\n\n') }
  }

  private answeredBy(referrer?: Referrer): TurnController | undefined {
    return referrer && this.turns.find(referrer.turn)
  }
}

type Rendered = ReturnType<typeof renderElements>

function isInvalid(error: unknown): boolean {
  return error instanceof CardError || error instanceof NewsError
}

/** Leaves out the cards and news that WeCom would refuse. */
function withoutInvalid(elements: h[]): h[] {
  return elements.filter(isValid).map((element) => {
    return element.children.length ? h(element.type, element.attrs, withoutInvalid(element.children)) : element
  })
}

function isValid(element: h): boolean {
  try {
    if (element.type === 'wecom-bot:card') validateCard(readCard(element.attrs.content))
    if (element.type === 'wecom-bot:news') readNews(element)
    return true
  } catch (error) {
    if (isInvalid(error)) return false
    throw error
  }
}

function belongs(turn: TurnController, channelId: string) {
  return channelOf(turn.owner) === channelId
}
