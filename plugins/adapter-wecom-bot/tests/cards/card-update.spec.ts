import assert from 'node:assert/strict'
import { closedButtonLabel, isAnsweredPerPerson, updateCard } from '../../src/cards/card-update'
import type { TemplateCard } from '../../src/protocol/template-card'
import { validateCard } from '../../src/cards/card-schema'
import { cards } from '../support/cards'

const say = (choice: string) => `(${choice})`

/** The card after an answer. It must be valid. */
function after(card: TemplateCard, key: string, selected: Record<string, string[]> = {}, standing = false) {
  const update = updateCard(card, { key, selected }, standing, say)
  if (update) assert.deepEqual(validateCard(update), update)
  return update
}

describe('updateCard', () => {
  const { button_interaction: button, vote_interaction: vote, multiple_interaction: multiple } = cards

  it('keeps only the clicked button', () => {
    assert.deepEqual(after({ ...button, button_selection: undefined }, 'no'), {
      ...button,
      button_selection: undefined,
      sub_title_text: '(否)',
      button_list: [button.button_list[1]],
    })
  })

  it('keeps all buttons of a reusable card', () => {
    const update = after(button, 'yes', {}, true)
    assert.ok(update?.card_type === 'button_interaction')
    assert.deepEqual([update.sub_title_text, update.button_list], ['(是)', button.button_list])
  })

  it('closes the selection beside the buttons', () => {
    const update = after(button, 'yes', { where: ['live'] })
    assert.ok(update?.card_type === 'button_interaction')
    assert.deepEqual(update.button_selection, { ...button.button_selection, disable: true, selected_id: 'live' })
  })

  it('shows the checked options of a vote and closes it', () => {
    assert.deepEqual(after(vote, 'vote', { lunch: ['a', 'c'] }), {
      ...vote,
      main_title: { title: '午饭', desc: '(面、粥)' },
      checkbox: {
        ...vote.checkbox,
        disable: true,
        option_list: [
          { id: 'a', text: '面', is_checked: true },
          { id: 'b', text: '饭', is_checked: false },
          { id: 'c', text: '粥', is_checked: true },
        ],
      },
    })
  })

  it('shows the choice of each question and closes it', () => {
    const update = after(multiple, 'send', { kind: ['off'], days: ['2'] })
    assert.ok(update?.card_type === 'multiple_interaction')
    assert.equal(update.main_title!.desc, '(年假、二)')
    assert.deepEqual(update.select_list.map(({ disable, selected_id: id }) => [disable, id]), [[true, 'off'], [true, '2']])
  })

  it('ignores choices that the card does not offer', () => {
    const update = after(multiple, 'send', { kind: ['none'], other: ['off'] })
    assert.ok(update?.card_type === 'multiple_interaction')
    assert.deepEqual(update.select_list.map(({ selected_id: id }) => id), [undefined, '1'])
    const voted = after(vote, 'vote', {})
    assert.ok(voted?.card_type === 'vote_interaction')
    assert.equal(voted.checkbox.option_list.some(option => option.is_checked), false)
  })

  it('keeps the task_id and unchanged fields', () => {
    for (const card of [button, vote, multiple]) {
      const key = 'button_list' in card ? 'yes' : card.submit_button.key
      const update = after({ ...card, source: { desc: '机器人' } }, key)!
      assert.deepEqual([update.task_id, update.card_type, update.source], [card.task_id, card.card_type, { desc: '机器人' }])
    }
  })

  it('returns nothing for a click on the menu or an unknown key', () => {
    for (const card of Object.values(cards)) assert.equal(after(card, 'mute'), undefined)
    assert.equal(after(cards.text_notice, 'yes'), undefined)
  })

  it('does not modify the stored card', () => {
    const before = structuredClone(cards)
    after(button, 'yes', { where: ['live'] })
    after(vote, 'vote', { lunch: ['a'] })
    after(multiple, 'send', { kind: ['off'] })
    assert.deepEqual(cards, before)
  })

  it('is per person for votes and selections only', () => {
    assert.deepEqual(Object.values(cards).map(isAnsweredPerPerson), [false, false, false, true, true])
  })
})

describe('closedButtonLabel', () => {
  it('is the label of the first or the submit button', () => {
    assert.equal(closedButtonLabel(cards.button_interaction), '是')
    assert.equal(closedButtonLabel(cards.vote_interaction), '投票')
    assert.equal(closedButtonLabel(cards.multiple_interaction), '提交')
  })

  it('is missing for notices', () => {
    assert.equal(closedButtonLabel(cards.text_notice), undefined)
    assert.equal(closedButtonLabel(cards.news_notice), undefined)
  })
})
