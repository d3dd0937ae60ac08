import { h } from 'koishi'
import type { Referrer } from '../protocol/conversation'
import { channelOf } from '../protocol/conversation'
import type { PushTargets } from './push-targets'
import { SerialQueue } from 'common/async'
import { CardError } from '../protocol/template-card'
import { renderElements } from '../render/markdown'
import { DeliveryError } from '../api/delivery-error'
import type { OpenFile } from '../media/outgoing-files'
import { composeParts } from './parts'
import type { Push } from './push'
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

  constructor(readonly turns: TurnRegistry, readonly pushTargets: PushTargets, readonly openFile: OpenFile) {}

  /** The turn that a message replies to, if it is in the same chat. */
  turnOf(channelId: string, referrer?: Referrer): TurnController | undefined {
    const turn = this.answeredBy(referrer)
    return turn && belongs(turn, channelId) ? turn : undefined
  }

  /**
   * Sends elements as a reply to their turn, or as a push to the chat.
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
    if (answered && isHere) return this.say(answered, elements)
    const push = pushTargets.configured(channelId)
    if (push) return this.push(push, channelId, elements)
    // Some plugins reply without a session. Then the latest open turn of the chat is answered.
    const open = referrer && isHere ? undefined : turns.findLatest(owner => channelOf(owner) === channelId)
    if (open) return this.say(open, elements)
    const other = pushTargets.fallbackFor(channelId)
    if (other) return this.push(other, channelId, elements)
    const { text } = renderElements(elements)
    if (!text) return
    throw new DeliveryError('wecom-bot/no-route', text.length, `cannot send to ${channelId}: no message of it is being answered, `
      + 'and neither a webhook nor an app is configured for it')
  }

  private async say(turn: TurnController, elements: h[]): Promise<Delivered | undefined> {
    let said: Rendered
    try {
      said = renderElements(elements)
    } catch (error) {
      // The words beside a wrong card are no less an answer.
      if (error instanceof CardError) await this.sayBesides(turn, elements)
      throw error
    }
    return this.sayRendered(turn, said)
  }

  private async sayBesides(turn: TurnController, elements: h[]) {
    await this.sayRendered(turn, renderElements(withoutCards(elements)))
  }

  private async sayRendered(turn: TurnController, said: Rendered): Promise<Delivered | undefined> {
    if (!said.text && !said.images.length && !said.buttons.length && !said.card) return
    return { id: await turn.say(said), content: said.text }
  }

  private async push(push: Push, channelId: string, elements: h[]): Promise<Delivered | undefined> {
    // Reading files takes time; messages to one chat must keep their order.
    const parts = await this.composing.run(channelId, () => composeParts(elements, this.openFile))
    if (!parts.length) return
    await push.send(parts)
    return { content: parts.map(part => 'content' in part ? part.content : `[${part.type}]`).join('\n\n') }
  }

  private answeredBy(referrer?: Referrer): TurnController | undefined {
    return referrer && this.turns.find(referrer.turn)
  }
}

type Rendered = ReturnType<typeof renderElements>

function withoutCards(elements: h[]): h[] {
  return elements.filter(({ type }) => type !== 'wecom-bot:card').map((element) => {
    return element.children.length ? h(element.type, element.attrs, withoutCards(element.children)) : element
  })
}

function belongs(turn: TurnController, channelId: string) {
  return channelOf(turn.owner) === channelId
}
