import assert from 'node:assert/strict'
import { until } from 'common/testing'
import type { TemplateCard } from '../../src/protocol/template-card'
import { DAY, describeDatabaseStores, describeStores } from '../support/stores'

const card = (taskId = 'T', title = 'a'): TemplateCard => {
  return { card_type: 'button_interaction', main_title: { title }, task_id: taskId, button_list: [{ text: 'a', key: 'b' }] }
}
const answer = (key: string, selected = {}) => ({ key, selected })

describeStores('CardStore', (world) => {
  it('keeps a card for a day, with its kind', async () => {
    const { stores: { cards }, clock } = world()
    assert.equal(await cards.find('T'), undefined)
    cards.save(card('T'), true)
    cards.save(card('T2'), false)
    assert.deepEqual(await until(() => cards.find('T')), { card: card('T'), isReusable: true })
    assert.equal((await until(() => cards.find('T2'))).isReusable, false)
    await clock.jump(DAY - 1)
    assert.ok(await cards.find('T'))
    await clock.advance(1)
    assert.equal(await cards.find('T'), undefined)
  })

  it('keeps the latest card of a task_id', async () => {
    const { cards } = world().stores
    cards.save(card('T', 'old'), false)
    cards.save(card('T', 'new'), false)
    await until(async () => (await cards.find('T'))?.card.main_title!.title === 'new')
  })

  it('keeps no card without a task_id', async () => {
    const { cards } = world().stores
    cards.save({ card_type: 'text_notice', card_action: { type: 1 } }, false)
    assert.equal(await cards.find(undefined as never), undefined)
  })

  it('records one of many simultaneous answers', async () => {
    const { cards } = world().stores
    cards.save(card(), false)
    const answers = Array.from({ length: 20 }, (_, index) => cards.recordAnswer('T', '', answer(String(index))))
    const before = await Promise.all(answers)
    const first = before.findIndex(answer => !answer)
    assert.equal(before.filter(answer => !answer).length, 1)
    for (const [index, found] of before.entries()) {
      if (index !== first) assert.deepEqual(found, answer(String(first)))
    }
    assert.deepEqual(await cards.recordAnswer('T', '', answer('late')), answer(String(first)))
  })

  it('records one answer per person, with the selected options', async () => {
    const { cards } = world().stores
    cards.save(card('T'), false)
    cards.save(card('T2'), false)
    const chosen = answer('send', { q: ['一', '二'] })
    assert.equal(await cards.recordAnswer('T', 'A', chosen), undefined)
    assert.equal(await cards.recordAnswer('T', 'B', answer('send')), undefined)
    assert.equal(await cards.recordAnswer('T2', 'A', answer('send')), undefined)
    assert.deepEqual(await cards.recordAnswer('T', 'A', answer('send')), chosen)
  })

  it('discards the answers when a card is sent again under the same task_id', async () => {
    const { cards } = world().stores
    cards.save(card(), false)
    await cards.recordAnswer('T', '', answer('one'))
    cards.save(card(), false)
    assert.equal(await cards.recordAnswer('T', '', answer('two')), undefined)
    assert.deepEqual(await cards.recordAnswer('T', '', answer('three')), answer('two'))
  })
})

describeDatabaseStores('DatabaseCardStore', (world) => {
  it('finds a reusable card at once, in other processes within a second', async () => {
    const { stores: { cards }, app, clock, another } = world()
    const other = another()
    const tasks = Array.from({ length: 100 }, (_, index) => `T${index}`)
    for (const task of tasks) cards.save(card(task), true)
    assert.deepEqual(await cards.find('T99'), { card: card('T99'), isReusable: true })
    assert.equal(await other.cards.find('T99'), undefined)
    await clock.advance(1000)
    await until(async () => (await app.database.get('wecom_bot_card', {})).length === tasks.length)
    assert.deepEqual(await other.cards.find('T99'), { card: card('T99'), isReusable: true })
    assert.deepEqual(await cards.find('T99'), { card: card('T99'), isReusable: true })
    await other.dispose()
  })

  it('separates the cards of different bots', async () => {
    const { stores: { cards }, another } = world()
    const other = another('OTHER')
    cards.save(card('T', 'mine'), false)
    await until(() => cards.find('T'))
    assert.equal(await other.cards.find('T'), undefined)
    await cards.recordAnswer('T', '', answer('one'))
    other.cards.save(card('T', 'other'), false)
    await until(() => other.cards.find('T'))
    assert.equal((await cards.find('T'))!.card.main_title!.title, 'mine')
    assert.equal(await other.cards.recordAnswer('T', '', answer('two')), undefined)
    assert.deepEqual(await cards.recordAnswer('T', '', answer('two')), answer('one'))
    await other.dispose()
  })
})
