import assert from 'node:assert/strict'
import { cardText } from '../../src/cards/card-text'
import type { TemplateCard } from '../../src/protocol/template-card'
import { cards } from '../support/cards'

describe('cardText', () => {
  it('returns title, description and text', () => {
    const card: TemplateCard = { ...cards.text_notice, sub_title_text: '耗时 3 分钟' }
    assert.deepEqual(cardText(card), { title: '部署完成', paragraphs: ['部署完成', '第 42 次', '耗时 3 分钟'], buttons: [] })
  })

  it('returns buttons, with the input of those that send a message', () => {
    const buttons = [{ text: '是', key: 'yes' }, { text: '日志', key: 'i:log 42' }]
    assert.deepEqual(cardText({ ...cards.button_interaction, button_list: buttons }).buttons, [
      { text: '是', input: undefined },
      { text: '日志', input: 'log 42' },
    ])
  })

  it('returns no buttons for votes and selections, which need the card', () => {
    for (const card of [cards.vote_interaction, cards.multiple_interaction]) {
      assert.deepEqual(cardText(card).buttons, [])
    }
  })

  it('returns an empty title for a card without one', () => {
    assert.deepEqual(cardText({ card_type: 'text_notice' }), { title: '', paragraphs: [], buttons: [] })
  })
})
