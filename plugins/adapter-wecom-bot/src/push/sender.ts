import type { h } from 'koishi'
import type { Referrer } from '../protocol/conversation'
import { channelOf } from '../protocol/conversation'
import type { PushTargets } from './push-targets'
import { SerialQueue } from 'common/async'
import { renderElements } from '../render/markdown'
import { DeliveryError } from '../api/delivery-error'
import type { OpenFile } from '../media/outgoing-files'
import { composeParts } from './parts'
import type { Push } from './push'
import type { TurnController } from '../turn/turn-controller'
import type { TurnRegistry } from '../turn/turn-registry'

/** A message that is on its way. */
export interface Delivered {
  id?: string
  content: string
}

/** Brings what plugins send on its way. Not part of the bot, which stands behind proxies: each look would cost. */
export class Sender {
  private readonly composing = new SerialQueue()

  constructor(readonly turns: TurnRegistry, readonly pushTargets: PushTargets, readonly openFile: OpenFile) {}

  /** The turn that a message to a chat belongs to. */
  turnOf(channelId: string, referrer?: Referrer): TurnController | undefined {
    const turn = this.answeredBy(referrer)
    return turn && belongs(turn, channelId) ? turn : undefined
  }

  /**
   * Sends elements: into the turn they belong to, or as a push to the chat.
   * @returns what became of it: its id, where it can still be edited; `undefined` where there is nothing in it
   * @throws {DeliveryError}
   * @throws {CardError}
   * @throws {NewsError}
   */
  async deliver(channelId: string, elements: h[], referrer?: Referrer): Promise<Delivered | undefined> {
    const { turns, pushTargets } = this
    const answered = this.answeredBy(referrer)
    // A session may be lent for a message to another chat, where nobody must read what was meant for this one.
    const isHere = !answered || belongs(answered, channelId)
    if (answered && isHere) return this.say(answered, elements)
    const push = pushTargets.configured(channelId)
    if (push) return this.push(push, channelId, elements)
    // Some plugins answer without the session they answer: then the chat tells whom it is for.
    const open = referrer && isHere ? undefined : turns.findLatest(owner => channelOf(owner) === channelId)
    if (open) return this.say(open, elements)
    const other = pushTargets.fallbackFor(channelId)
    if (other) return this.push(other, channelId, elements)
    const { text } = renderElements(elements)
    if (!text) return
    throw new DeliveryError('wecom-bot/no-route', text.length, `nothing leads to ${channelId}: no message of it is being answered, `
      + 'and neither a webhook nor an app is configured for it')
  }

  private async say(turn: TurnController, elements: h[]): Promise<Delivered | undefined> {
    const said = renderElements(elements)
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

function belongs(turn: TurnController, channelId: string) {
  return channelOf(turn.owner) === channelId
}
