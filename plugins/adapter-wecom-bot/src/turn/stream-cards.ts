import type { CardAnswer } from '../cards/card-update'
import { isAnsweredPerPerson, updateCard } from '../cards/card-update'
import type { ButtonInteraction, TemplateCard } from '../protocol/template-card'
import { MAX_CARD_BUTTONS } from '../protocol/limits'
import { welcomeCard } from '../inbound/welcome'
import type { Click } from '../protocol/payload'
import type { CardStore } from '../storage/cards'
import type { Turn } from './turn'
import type { ButtonSpec } from '../cards/buttons'
import { decodeButtonKey, toCardButton } from '../cards/buttons'

export interface StreamCardsOptions {
  /** `false`: no cards but those that a plugin sends whole; buttons become lines of text. */
  enabled: boolean
  /** Buttons of the card that goes along where the message has none of its own. */
  buttons: ButtonSpec[]
  title(): string
  /** Said on the card once somebody has clicked. */
  clicked(button: string): string
}

/** What a click means. */
export interface ClickResult {
  id: string
  input?: string
  /** The card as it is to look now; `undefined` where it is not remembered, or stays as it is. */
  card?: TemplateCard
  /** Who sees it so; everybody, unless given. */
  userIds?: string[]
  /** The question had been answered before: nobody needs to hear of it again. */
  isRepeated?: boolean
}

/** A card on its way. */
interface PendingCard {
  card: TemplateCard
  /** The callback whose reply has it. */
  msgId: string
  arrived: boolean
}

/** The cards that go along with streams: one a message, and what becomes of it when it is clicked. */
export class StreamCards {
  private readonly rides = new WeakMap<Turn, PendingCard>()

  constructor(readonly options: StreamCardsOptions, readonly store: CardStore) {}

  /**
   * The card to go with the frame that is about to be sent, if this is the one that takes it. WeCom takes one a
   * message, so it goes once; but where it was lost on the way, it goes again.
   * @param msgId the callback that is answered: WeCom repeats one only if it has seen no reply to it
   * @see https://developer.work.weixin.qq.com/document/path/101031
   */
  attach(turn: Turn, msgId: string): TemplateCard | undefined {
    const ride = this.rides.get(turn)
    if (ride) {
      if (ride.arrived && ride.msgId !== msgId) return
      ride.msgId = msgId
      return ride.card
    }
    if (turn.cardSpent) return
    const card = turn.card ?? this.build(turn, turn.buttons) ?? this.build(turn, this.options.buttons)
    if (!card) return
    const isReusable = !turn.card && !turn.buttons.length
    turn.spendCard(turn.card || isReusable ? 0 : MAX_CARD_BUTTONS)
    this.rides.set(turn, { card, msgId, arrived: false })
    this.store.save(card, isReusable)
    return card
  }

  /**
   * The card that greets who opens the chat.
   * @returns `undefined` where the greeting is a text
   */
  greet(welcome: string): TemplateCard | undefined {
    const card = welcomeCard(welcome)
    if (card) this.store.save(card, true)
    return card
  }

  /** The frame with a turn's card has reached the platform. */
  arrived(turn: Turn) {
    const ride = this.rides.get(turn)
    if (ride) ride.arrived = true
  }

  /** @see https://developer.work.weixin.qq.com/document/path/101027 */
  async click({ key, taskId, selected }: Click, userId: string): Promise<ClickResult> {
    const { id, input } = decodeButtonKey(key)
    const clicked: ClickResult = { id, input, card: undefined }
    const sent = await this.store.find(taskId)
    if (!sent) return clicked
    const { card, isReusable } = sent
    const show = (answer: CardAnswer) => updateCard(card, answer, isReusable, this.options.clicked)
    const update = show({ key, selected })
    if (!update || isReusable) return { ...clicked, card: update }
    // Two may be quicker than the update, and one quicker than himself.
    const isOwn = isAnsweredPerPerson(card)
    const before = await this.store.recordAnswer(taskId, isOwn ? userId : '', { key, selected })
    return {
      ...clicked,
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
