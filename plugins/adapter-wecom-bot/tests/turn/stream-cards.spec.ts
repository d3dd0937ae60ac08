import assert from 'node:assert/strict'
import type { StreamCardsOptions } from '../../src/turn/stream-cards'
import { StreamCards } from '../../src/turn/stream-cards'
import { MemoryCardStore } from '../../src/storage/cards'
import type { Said } from '../../src/render/said'
import { cards } from '../support/cards'
import { createTurns } from '../support/turns'

const HOUR = 3600_000
const DAY = 24 * HOUR

function createCards(options: Partial<StreamCardsOptions> = {}) {
  const world = createTurns({ cards: true })
  const store = new MemoryCardStore(world.clock)
  const streamCards = new StreamCards({ enabled: true, buttons: [], title: () => '接下来', clicked: name => `(${name})`, ...options }, store)
  const click = (taskId: string, key: string, userId = 'USERID', selected = {}) => {
    return streamCards.click({ cardType: '', key, taskId, selected }, userId)
  }
  return { ...world, cards: streamCards, click }
}

describe('StreamCards.attach', () => {
  it('makes a card of the messages\' buttons', async () => {
    const { cards, open } = createCards({ buttons: [{ text: '停止', input: 'stop' }] })
    const turn = open()
    await turn.say({ text: '?', buttons: [{ text: '是', id: 'yes' }, { text: '看日志', input: 'log 42' }] })
    await turn.say({ text: '', buttons: [{ text: '否' }, { text: '' }] })
    assert.deepEqual(cards.attach(turn, 'M'), {
      card_type: 'button_interaction',
      main_title: { title: '接下来' },
      button_list: [
        { text: '是', style: 1, key: 'b:yes' },
        { text: '看日志', style: 1, key: 'i:log 42' },
        { text: '否', style: 1, key: 'b:否' },
        { text: '…', style: 1, key: 'b:' },
      ],
      task_id: turn.id,
    })
  })

  it('puts at most six buttons on the card, and lists the others as text', async () => {
    const { cards, open } = createCards()
    const turn = open()
    await turn.say({ text: '?', buttons: Array.from({ length: 8 }, (_, index) => ({ text: `b${index}` })) })
    const card = cards.attach(turn, 'M')
    assert.ok(card?.card_type === 'button_interaction')
    assert.equal(card.button_list.length, 6)
    assert.equal(turn.turn.text, '?\n\n- b6\n- b7')
  })

  it('prefers the card of a message', async () => {
    const { cards: streamCards, open } = createCards({ buttons: [{ text: '停止', input: 'stop' }] })
    const turn = open()
    await turn.say({ text: '?', card: cards.vote_interaction, buttons: [{ text: 'b' }] })
    assert.deepEqual(streamCards.attach(turn, 'M'), cards.vote_interaction)
    assert.equal(turn.turn.text, '?\n\n- b')
  })

  it('falls back to the configured buttons, and to no card without any', () => {
    const { cards, open } = createCards({ buttons: [{ text: '停止', input: 'stop' }] })
    const card = cards.attach(open(), 'M')
    assert.ok(card?.card_type === 'button_interaction')
    assert.deepEqual(card.button_list, [{ text: '停止', style: 1, key: 'i:stop' }])
    const { cards: none, open: openOther } = createCards()
    assert.equal(none.attach(openOther(), 'M'), undefined)
  })

  it('attaches the card to the first frame after it was added', async () => {
    const { cards: streamCards, open } = createCards()
    const turn = open()
    assert.equal(streamCards.attach(turn, 'M'), undefined)
    await turn.say({ text: '', card: cards.news_notice })
    assert.deepEqual(streamCards.attach(turn, 'POLL'), cards.news_notice)
  })

  it('attaches the card once after it was delivered', async () => {
    const { cards: streamCards, open } = createCards()
    const turn = open()
    await turn.say({ text: '?', card: cards.news_notice })
    assert.ok(streamCards.attach(turn, 'M'))
    streamCards.confirm(turn)
    assert.equal(streamCards.attach(turn, 'POLL1'), undefined)
    assert.equal(streamCards.attach(turn, 'POLL2'), undefined)
  })

  it('attaches the same card to the reply to a repeated callback', async () => {
    const { cards: streamCards, open } = createCards()
    const turn = open()
    const id = (await turn.say({ text: '?', card: cards.news_notice }))!
    const first = streamCards.attach(turn, 'M')
    streamCards.confirm(turn)
    // A confirmed frame may still be repeated by WeCom.
    turn.edit(id, { text: '!', card: { ...cards.news_notice, main_title: { title: '晚报' } } })
    assert.deepEqual(streamCards.attach(turn, 'M'), first)
    assert.equal(streamCards.attach(turn, 'POLL'), undefined)
  })

  it('attaches the card until a frame with it is delivered', async () => {
    const { cards: streamCards, open } = createCards()
    const turn = open()
    await turn.say({ text: '?', card: cards.news_notice })
    for (const poll of ['POLL1', 'POLL2', 'POLL3']) assert.deepEqual(streamCards.attach(turn, poll), cards.news_notice)
    streamCards.confirm(turn)
    assert.equal(streamCards.attach(turn, 'POLL4'), undefined)
    assert.deepEqual(streamCards.attach(turn, 'POLL3'), cards.news_notice)
  })

  it('renders the card as text if its frame is not fetched', async () => {
    const { clock, fallback, open } = createCards()
    const turn = open()
    turn.frame()
    await turn.say({ text: '', buttons: [{ text: '是', id: 'yes' }, { text: '看日志', input: 'log 42' }] })
    turn.endChain()
    await clock.advance(10_000)
    assert.deepEqual(fallback.sent, ['- 是\n- 看日志：log 42'])
  })

  it('renders the card as text if its frame is lost', async () => {
    const { cards: streamCards, clock, fallback, open } = createCards()
    for (const [index, said] of [{ buttons: [{ text: '是' }] }, { card: cards.news_notice }].entries()) {
      const turn = open({ msgId: String(index) })
      await turn.say({ text: '?', ...said })
      turn.endChain()
      turn.frame()
      assert.ok(streamCards.attach(turn, 'M'))
      turn.confirmFinalFrame(false)
      await clock.advance(10_000)
    }
    assert.deepEqual(fallback.sent, ['?\n\n- 是', '?\n\n[卡片] 早报'])
  })

  it('renders the card as text if the stream had closed before', async () => {
    const { cards: streamCards, clock, fallback, open } = createCards()
    const turn = open()
    await turn.say({ text: 'half' })
    await clock.advance(330_000)
    turn.frame()
    assert.equal(streamCards.attach(turn, 'POLL'), undefined)
    await turn.say({ text: '', buttons: [{ text: '是' }] })
    turn.endChain()
    await clock.advance(0)
    assert.deepEqual(fallback.sent, ['- 是'])
  })

  it('makes no card if cards are off', async () => {
    const { cards: streamCards, open } = createCards({ enabled: false, buttons: [{ text: '停止', input: 'stop' }] })
    const turn = open()
    await turn.say({ text: '?', buttons: [{ text: '是' }] })
    assert.equal(streamCards.attach(turn, 'M'), undefined)
  })
})

describe('StreamCards.click', () => {
  /** A turn whose card was delivered. */
  async function sent(said: Said, options?: Partial<StreamCardsOptions>) {
    const world = createCards(options)
    const turn = world.open()
    await turn.say(said)
    const card = world.cards.attach(turn, 'M')!
    world.cards.confirm(turn)
    return { ...world, turn, taskId: card.task_id! }
  }

  it('decodes the key into an id or an input', async () => {
    const { click } = createCards()
    const cases = [['b:yes', 'yes'], ['b:', ''], ['yes', 'yes'], ['x:yes', 'x:yes'], ['b:i:a', 'i:a'], ['', '']]
    for (const [key, id] of cases) {
      assert.deepEqual(await click('NONE', key), { id, input: undefined, card: undefined })
    }
    for (const input of ['部署 日志', 'a\nb', 'b:yes']) {
      assert.deepEqual(await click('NONE', `i:${input}`), { id: input, input, card: undefined })
    }
  })

  it('shows the clicked button on the updated card, which keeps its task_id', async () => {
    const { click, turn, taskId } = await sent({ text: '?', buttons: [{ text: '是', id: 'yes' }, { text: '否', id: 'no' }] })
    const { id, card, userIds, isRepeated } = await click(taskId, 'b:no')
    assert.deepEqual([id, card?.task_id, card?.sub_title_text, userIds, isRepeated], ['no', turn.id, '(否)', undefined, false])
    assert.ok(card?.card_type === 'button_interaction')
    assert.deepEqual(card.button_list.map(({ key }) => key), ['b:no'])
  })

  it('counts the first click only', async () => {
    const { click, taskId } = await sent({ text: '?', buttons: [{ text: '是', id: 'yes' }, { text: '否', id: 'no' }] })
    const clicks = await Promise.all([click(taskId, 'b:yes'), click(taskId, 'b:yes'), click(taskId, 'b:no', 'OTHER')])
    assert.deepEqual(clicks.map(({ isRepeated }) => isRepeated), [false, true, true])
    assert.deepEqual(clicks.map(({ card }) => card?.sub_title_text), ['(是)', '(是)', '(是)'])
  })

  it('accepts any number of clicks on a card of configured buttons', async () => {
    const buttons = [{ text: '停止', input: 'stop' }, { text: '重来', input: 'again' }]
    const { click, taskId } = await sent({ text: 'hi' }, { buttons })
    for (const input of ['stop', 'again', 'again']) {
      const { card, isRepeated, input: said } = await click(taskId, `i:${input}`)
      assert.ok(card?.card_type === 'button_interaction')
      assert.deepEqual([card.button_list.length, isRepeated, said], [2, undefined, input])
    }
  })

  it('counts one vote per person, and closes the card for those who voted', async () => {
    const { click } = await sent({ text: '?', card: cards.vote_interaction })
    const votes = [
      await click('lunch@1', 'vote', 'A', { lunch: ['a'] }),
      await click('lunch@1', 'vote', 'B', { lunch: ['c'] }),
      await click('lunch@1', 'vote', 'A', { lunch: ['c'] }),
    ]
    assert.deepEqual(votes.map(({ isRepeated, userIds, card }) => [isRepeated, userIds, card!.main_title!.desc]), [
      [false, ['A'], '(面)'], [false, ['B'], '(粥)'], [true, ['A'], '(面)'],
    ])
  })

  it('changes nothing for a menu, which can be used again', async () => {
    const { click } = await sent({ text: '!', card: cards.text_notice })
    for (let times = 0; times < 2; times++) {
      assert.deepEqual(await click('notice@1', 'mute'), { id: 'mute', input: undefined, card: undefined })
    }
  })

  it('finds a card for a day', async () => {
    const { click, clock, taskId } = await sent({ text: '?', buttons: [{ text: '是', id: 'yes' }] })
    await clock.advance(DAY - 1)
    assert.ok((await click(taskId, 'b:yes')).card)
    await clock.advance(1)
    const late = await click(taskId, 'b:yes')
    assert.deepEqual(late, { id: 'yes', input: undefined, card: undefined })
  })
})
