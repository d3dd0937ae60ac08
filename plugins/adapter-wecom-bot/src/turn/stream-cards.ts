import type { ButtonSpec } from '../cards/buttons'
import { decodeButtonKey, toCardButton } from '../cards/buttons'
import type { CardAnswer } from '../cards/card-update'
import { updateCard, isAnsweredPerPerson } from '../cards/card-update'
import { MAX_CARD_BUTTONS } from '../protocol/limits'
import type { Click } from '../protocol/payload'
import type { ButtonInteraction, TemplateCard } from '../protocol/template-card'
import type { CardStore } from '../storage/cards'
import type { Turn } from './turn'
import type { TurnController } from './turn-controller'

export interface StreamCardsOptions {
  /** `false`: only cards that a plugin sends whole; buttons are rendered as text. */
  enabled: boolean
  /** Buttons of the card for answers without buttons of their own. */
  buttons: ButtonSpec[]
  /** Title of a card made of buttons. */
  title(): string
  /** Shown on the card after a click on this button. */
  clicked(button: string): string
}

/** What a click means. */
export interface ClickResult {
  id: string
  /** Text that the click sends as a message. */
  input?: string
  /** Updated card; `undefined` if it is unknown or does not change. */
  card?: TemplateCard
  /** The people who see the update; everyone unless given. */
  userIds?: string[]
  /** The card was answered before. */
  isRepeated?: boolean
}

/** A card that was put into a reply. */
interface PendingCard {
  card: TemplateCard
  /** The callback that was replied to. */
  msgId: string
  isDelivered: boolean
}

/** The template cards of streams, one per stream, and the handling of clicks on them. */
export class StreamCards {
  private readonly pending = new WeakMap<Turn, PendingCard>()

  constructor(readonly options: StreamCardsOptions, readonly store: CardStore) {}

  /**
   * The card for the next frame. WeCom takes one card per stream, so it is sent once, and again until it was delivered.
   * @param msgId the callback that is replied to: WeCom repeats it only if it received no reply
   * @see https://developer.work.weixin.qq.com/document/path/101031
   */
  attach({ turn }: Pick<TurnController, 'turn'>, msgId: string): TemplateCard | undefined {
    const pending = this.pending.get(turn)
    if (pending) {
      if (pending.isDelivered && pending.msgId !== msgId) return
      pending.msgId = msgId
      return pending.card
    }
    if (turn.isCardSent) return
    const card = turn.card ?? this.build(turn, turn.buttons) ?? this.build(turn, this.options.buttons)
    if (!card) return
    const isReusable = !turn.card && !turn.buttons.length
    turn.markCardSent(turn.card || isReusable ? 0 : MAX_CARD_BUTTONS)
    this.pending.set(turn, { card, msgId, isDelivered: false })
    this.store.save(card, isReusable)
    return card
  }

  /** The frame with the turn's card has reached the platform. */
  confirm({ turn }: Pick<TurnController, 'turn'>) {
    const pending = this.pending.get(turn)
    if (pending) pending.isDelivered = true
  }

  /**
   * Records a click, and decides how the card changes.
   * @see https://developer.work.weixin.qq.com/document/path/101027
   */
  async click({ key, taskId, selected }: Click, userId: string): Promise<ClickResult> {
    const { id, input } = decodeButtonKey(key)
    const result: ClickResult = { id, input, card: undefined }
    const sent = await this.store.find(taskId)
    if (!sent) return result
    const { card, isReusable } = sent
    const show = (answer: CardAnswer) => updateCard(card, answer, isReusable, this.options.clicked)
    const update = show({ key, selected })
    if (!update || isReusable) return { ...result, card: update }
    // People can click several times before the update arrives: the first answer counts.
    const isOwn = isAnsweredPerPerson(card)
    const before = await this.store.recordAnswer(taskId, isOwn ? userId : '', { key, selected })
    return {
      ...result,
      card: before ? show(before) : update,
      userIds: isOwn ? [userId] : undefined,
      isRepeated: !!before,
    }
  }

  private build(turn: Turn, buttons: ButtonSpec[]): ButtonInteraction | undefined {
    if (!buttons.length || !this.options.enabled) return
    return {
      card_type: 'button_interaction',
      main_title: { title: this.options.title() },
      button_list: buttons.slice(0, MAX_CARD_BUTTONS).map(toCardButton),
      task_id: turn.id,
    }
  }
}
