import { ButtonInteraction, CARD_BUTTONS, CardButton, TemplateCard, validate } from './card'
import { Clock } from './clock'
import { Click } from './payload'
import { Turn } from './turn'

/** A button as a plugin or the settings ask for it. */
export interface ButtonSpec {
  text: string
  /** Said by whoever clicks it, as if typed. */
  input?: string
  /** Told to plugins in `interaction/button`. */
  id?: string
}

/** How long a sent card is remembered, so that a click can be answered with what it looked like. */
const MEMORY = 24 * 3600_000
const CAPACITY = 5000

export interface CardsOptions {
  /** `false`: streams go without cards, buttons become lines of text. */
  enabled: boolean
  /** Buttons of the card that goes along where the message has none of its own. */
  buttons: ButtonSpec[]
  title(): string
  /** Said on the card once somebody has clicked. */
  clicked(button: string): string
}

/** What a click means. */
export interface Clicked {
  id: string
  input?: string
  /** The card as it is to look now; `undefined` where it is not remembered. */
  card?: TemplateCard
}

/** The cards that go along with streams: one a message, and what becomes of it when it is clicked. */
export class Cards {
  readonly #sent = new Map<string, { card: TemplateCard, at: number, standing: boolean }>()

  constructor(readonly options: CardsOptions, readonly clock: Clock) {}

  get size() {
    return this.#sent.size
  }

  /** The card to go with the frame that is about to be sent, if this is the one that takes it. */
  attach(turn: Turn): TemplateCard | undefined {
    if (turn.cardSpent || !this.options.enabled) return
    const own = turn.card ?? this.#build(turn, turn.buttons)
    const card = own ?? this.#build(turn, this.options.buttons)
    if (!card) return
    turn.spendCard(own && !turn.card ? CARD_BUTTONS : 0)
    this.#remember(card, !own)
    return card
  }

  /** @see https://developer.work.weixin.qq.com/document/path/101027 */
  click({ key, taskId }: Click): Clicked {
    const [, kind, value] = /^([bi]):([^]*)$/.exec(key) ?? [undefined, 'b', key]
    return { id: value, input: kind === 'i' ? value : undefined, card: this.#update(key, taskId) }
  }

  #build(turn: Turn, buttons: ButtonSpec[]): ButtonInteraction | undefined {
    if (!buttons.length) return
    return {
      card_type: 'button_interaction',
      main_title: { title: this.options.title() },
      button_list: buttons.slice(0, CARD_BUTTONS).map(encode),
      task_id: turn.id,
    }
  }

  #remember(card: TemplateCard, standing: boolean) {
    if (!card.task_id) return
    const now = this.clock.now()
    for (const [id, { at }] of this.#sent) {
      if (now - at < MEMORY && this.#sent.size < CAPACITY) break
      this.#sent.delete(id)
    }
    this.#sent.set(card.task_id, { card, at: now, standing })
  }

  #update(key: string, taskId: string): TemplateCard | undefined {
    const sent = this.#sent.get(taskId)
    if (sent?.card.card_type !== 'button_interaction') return
    const button = sent.card.button_list.find(button => button.key === key)
    if (!button) return
    // The settings' own buttons go on working; a plugin's question is answered once.
    const buttons = sent.standing ? sent.card.button_list : [button]
    return validate({ ...sent.card, sub_title_text: this.options.clicked(button.text), button_list: buttons })
  }
}

function encode({ text, input, id }: ButtonSpec): CardButton {
  return { text: text || id || input || '…', style: 1, key: input ? `i:${input}` : `b:${id ?? text}` }
}
