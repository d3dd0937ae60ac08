import assert from 'node:assert/strict'
import type { Opinion, Store, Trace } from '../../src/storage/store'
import { MemoryStore, Shelf } from '../../src/storage/store'
import { FakeClock } from '../support/clock'

const DAY = 24 * 3600_000
const trace: Trace = {
  streamId: 'S', msgId: 'M', owner: { botId: 'B', userId: 'U' }, content: '', finished: false,
}

describe('a shelf', () => {
  it('forgets what is old, and the oldest where there is too much', async () => {
    const clock = new FakeClock()
    const shelf = new Shelf<number>(clock, 1000, 3)
    for (let value = 0; value < 5; value++) shelf.set(String(value), value)
    assert.equal(shelf.size, 3)
    assert.deepEqual(['1', '2', '4'].map(key => shelf.get(key)), [undefined, 2, 4])
    shelf.set('2', 22)
    shelf.set('5', 5)
    assert.deepEqual(['2', '3', '4', '5'].map(key => shelf.get(key)), [22, undefined, 4, 5])
    await clock.pass(999)
    assert.equal(shelf.get('2'), 22)
    await clock.pass(1)
    assert.equal(shelf.get('2'), undefined)
    shelf.set('6', 6)
    assert.equal(shelf.size, 1)
    shelf.clear()
    assert.equal(shelf.size, 0)
    assert.equal(clock.pending, 0)
  })
})

describe('the store in memory', () => {
  it('claims every message for who asks: what is known is in the turns', async () => {
    const store: Store = new MemoryStore(new FakeClock())
    assert.equal(await store.claim(trace), 'S')
    store.show({ ...trace, content: 'x' })
    assert.equal(await store.recall('S'), undefined)
  })

  it('keeps cards for a day and opinions for a week, one a person', async () => {
    const clock = new FakeClock()
    const store = new MemoryStore(clock)
    const card = { card_type: 'text_notice', task_id: 'T' } as never
    store.rememberCard(card, true)
    store.rememberCard({ card_type: 'text_notice' } as never, true)
    const opinion: Opinion = { userId: '', opinion: 'like', text: '', reasons: [], time: 0 }
    await store.rememberOpinion('S', { ...opinion, userId: 'A' })
    await store.rememberOpinion('S', { ...opinion, userId: 'B' })
    await store.rememberOpinion('S', { ...opinion, userId: 'A', opinion: 'dislike' })
    assert.deepEqual(await store.card('T'), { card, standing: true })
    assert.deepEqual((await store.opinions('S')).map(({ userId, opinion }) => [userId, opinion]), [
      ['A', 'dislike'], ['B', 'like'],
    ])
    await clock.pass(DAY)
    assert.equal(await store.card('T'), undefined)
    assert.equal((await store.opinions('S')).length, 2)
    await clock.pass(6 * DAY)
    assert.deepEqual(await store.opinions('S'), [])
  })

  it('keeps no messages for the next start, and says so', async () => {
    const store = new MemoryStore(new FakeClock())
    assert.equal(await store.keep(), false)
    assert.deepEqual(await store.takeKept(), [])
    await store.dispose()
  })
})
