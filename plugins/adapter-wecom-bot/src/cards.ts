import { ButtonInteraction, CARD_BUTTONS, CardButton, TemplateCard } from './card'
import { validate } from './limits'
import { Click } from './payload'
import { Store } from './store'
import { Turn } from './turn'

/** A button as a plugin or the settings ask for it. */
export interface ButtonSpec {
  text: string
  /** Said by whoever clicks it, as if typed. */
  input?: string
  /** Told to plugins in `interaction/button`. */
  id?: string
}

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
  constructor(readonly options: CardsOptions, readonly store: Store) {}

  /** The card to go with the frame that is about to be sent, if this is the one that takes it. */
  attach(turn: Turn): TemplateCard | undefined {
    if (turn.cardSpent || !this.options.enabled) return
    const own = turn.card ?? this.#build(turn, turn.buttons)
    const card = own ?? this.#build(turn, this.options.buttons)
    if (!card) return
    turn.spendCard(own && !turn.card ? CARD_BUTTONS : 0)
    if (card.task_id) this.store.rememberCard(card, !own)
    return card
  }

  /** @see https://developer.work.weixin.qq.com/document/path/101027 */
  async click({ key, taskId }: Click): Promise<Clicked> {
    const [, kind, value] = /^([bi]):([^]*)$/.exec(key) ?? [undefined, 'b', key]
    return { id: value, input: kind === 'i' ? value : undefined, card: await this.#update(key, taskId) }
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

  async #update(key: string, taskId: string): Promise<TemplateCard | undefined> {
    const sent = await this.store.card(taskId)
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
