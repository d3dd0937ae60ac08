import assert from 'node:assert/strict'
import { isAnsweredPerPerson, updateCard } from '../../src/cards/card-update'
import type { TemplateCard } from '../../src/protocol/template-card'
import { validateCard } from '../../src/cards/card-schema'
import { cards } from '../support/cards'

const say = (choice: string) => `(${choice})`

/** The card after an answer, which WeCom must take. */
function after(card: TemplateCard, key: string, selected: Record<string, string[]> = {}, standing = false) {
  const update = updateCard(card, { key, selected }, standing, say)
  if (update) assert.deepEqual(validateCard(update), update)
  return update
}

describe('an answered card', () => {
  const { button_interaction: button, vote_interaction: vote, multiple_interaction: multiple } = cards

  it('of buttons shows which it was, and only that', () => {
    assert.deepEqual(after({ ...button, button_selection: undefined }, 'no'), {
      ...button,
      button_selection: undefined,
      sub_title_text: '(否)',
      button_list: [button.button_list[1]],
    })
  })

  it('of buttons that go on working keeps them all', () => {
    const update = after(button, 'yes', {}, true)
    assert.ok(update?.card_type === 'button_interaction')
    assert.deepEqual([update.sub_title_text, update.button_list], ['(是)', button.button_list])
  })

  it('of buttons closes the selection beside them', () => {
    const update = after(button, 'yes', { where: ['live'] })
    assert.ok(update?.card_type === 'button_interaction')
    assert.deepEqual(update.button_selection, { ...button.button_selection, disable: true, selected_id: 'live' })
  })

  it('with a vote shows what was checked, and takes no other', () => {
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

  it('with several questions shows each choice', () => {
    const update = after(multiple, 'send', { kind: ['off'], days: ['2'] })
    assert.ok(update?.card_type === 'multiple_interaction')
    assert.equal(update.main_title!.desc, '(年假、二)')
    assert.deepEqual(update.select_list.map(({ disable, selected_id: id }) => [disable, id]), [[true, 'off'], [true, '2']])
  })

  it('takes no choice that it did not offer', () => {
    const update = after(multiple, 'send', { kind: ['none'], other: ['off'] })
    assert.ok(update?.card_type === 'multiple_interaction')
    assert.deepEqual(update.select_list.map(({ selected_id: id }) => id), [undefined, '1'])
    const voted = after(vote, 'vote', {})
    assert.ok(voted?.card_type === 'vote_interaction')
    assert.equal(voted.checkbox.option_list.some(option => option.is_checked), false)
  })

  it('keeps its id and all that does not change', () => {
    for (const card of [button, vote, multiple]) {
      const key = 'button_list' in card ? 'yes' : card.submit_button.key
      const update = after({ ...card, source: { desc: '机器人' } }, key)!
      assert.deepEqual([update.task_id, update.card_type, update.source], [card.task_id, card.card_type, { desc: '机器人' }])
    }
  })

  it('stays as it is where its menu was clicked, or nothing that it has', () => {
    for (const card of Object.values(cards)) assert.equal(after(card, 'mute'), undefined)
    assert.equal(after(cards.text_notice, 'yes'), undefined)
  })

  it('does not change what is remembered of it', () => {
    const before = structuredClone(cards)
    after(button, 'yes', { where: ['live'] })
    after(vote, 'vote', { lunch: ['a'] })
    after(multiple, 'send', { kind: ['off'] })
    assert.deepEqual(cards, before)
  })

  it('is everybody\'s own where people vote', () => {
    assert.deepEqual(Object.values(cards).map(isAnsweredPerPerson), [false, false, false, true, true])
  })
})
