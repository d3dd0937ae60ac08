import { deepEqual, throws } from 'node:assert/strict'
import { CardError } from '../../src/protocol/template-card'
import { validateCard } from '../../src/cards/card-schema'

const cards = {
  text_notice: { card_type: 'text_notice', main_title: { title: 'a' }, card_action: { type: 1, url: 'https://example.com' } },
  news_notice: {
    card_type: 'news_notice',
    main_title: { title: 'a' },
    card_action: { type: 1, url: 'https://example.com' },
    card_image: { url: 'https://example.com/a.png', aspect_ratio: 1.3 },
  },
  button_interaction: {
    card_type: 'button_interaction', main_title: { title: 'a' }, task_id: 't', button_list: [{ text: 'a', key: 'b' }],
  },
  vote_interaction: {
    card_type: 'vote_interaction',
    main_title: { title: 'a' },
    task_id: 't',
    checkbox: { question_key: 'q', option_list: [{ id: '1', text: 'one' }] },
    submit_button: { text: 'send', key: 's' },
  },
  multiple_interaction: {
    card_type: 'multiple_interaction',
    main_title: { title: 'a' },
    task_id: 't',
    select_list: [{ question_key: 'q', option_list: [{ id: '1', text: 'one' }] }],
    submit_button: { text: 'send', key: 's' },
  },
}

describe('validateCard', () => {
  for (const [type, card] of Object.entries(cards)) {
    it(`accepts a ${type} with its required fields`, () => {
      deepEqual(validateCard(card), card)
    })
  }

  const { text_notice: text, button_interaction: button } = cards
  const { vote_interaction: vote, multiple_interaction: multiple } = cards
  const many = (count: number) => {
    return Array.from({ length: count }, (_, index) => ({ id: String(index), text: 'x', key: 'k' }))
  }
  const wrong: [name: string, card: unknown, field: string][] = [
    ['nothing', undefined, 'card_type'],
    ['an unknown type', { card_type: 'toString' }, 'card_type'],
    ['a notice that leads nowhere', { ...text, card_action: undefined }, 'card_action'],
    ['a notice without words', { ...text, main_title: {} }, 'main_title.title'],
    ['a menu, no id', { ...text, action_menu: { desc: 'd', action_list: [{ text: 'a', key: 'b' }] } }, 'task_id'],
    ['no buttons', { ...button, button_list: [] }, 'button_list'],
    ['seven buttons', { ...button, button_list: many(7).map(({ text, key }) => ({ text, key })) }, 'button_list'],
    ['a key of 1,025 bytes', { ...button, button_list: [{ text: 'a', key: 'x'.repeat(1025) }] }, 'button_list[0].key'],
    ['a key too long in bytes', { ...button, button_list: [{ text: 'a', key: '键'.repeat(342) }] }, 'button_list[0].key'],
    ['a style that is no number', { ...button, button_list: [{ text: 'a', key: 'b', style: '1' }] }, 'button_list[0].style'],
    ['a task id with a blank', { ...button, task_id: 'a b' }, 'task_id'],
    ['a task id of 129 characters', { ...button, task_id: 'x'.repeat(129) }, 'task_id'],
    ['21 choices', { ...vote, checkbox: { question_key: 'q', option_list: many(21).map(({ id, text }) => ({ id, text })) } }, 'checkbox.option_list'],
    ['four lists', { ...multiple, select_list: Array(4).fill(multiple.select_list[0]) }, 'select_list'],
    ['a field it does not have', { ...button, checkbox: vote.checkbox }, 'checkbox'],
  ]
  for (const [name, card, field] of wrong) {
    it(`rejects ${name}, naming ${field}`, () => {
      throws(() => validateCard(card), (error: CardError) => error instanceof CardError && error.field === field)
    })
  }
})
