import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import { SharedFeedbackStore } from '../../src/instances/shared-feedback-store'
import type { FeedbackRecord } from '../../src/storage/feedback'
import { FEEDBACK_LIFETIME_MS, MemoryFeedbackStore } from '../../src/storage/feedback'
import { MemoryBackend, SharedStateService } from '../../../../tests/support/shared-state'

describe('ratings of answers at several instances', () => {
  let clock: FakeClock, one: SharedFeedbackStore, other: SharedFeedbackStore, isShared: boolean
  beforeEach(() => {
    clock = new FakeClock()
    isShared = true
    const backend = new MemoryBackend(clock)
    ;[one, other] = ['one', 'other'].map((instance) => {
      const service = new SharedStateService(backend, { instance, clock, isShared: true })
      return new SharedFeedbackStore('AIBOTID', () => isShared ? service : undefined, new MemoryFeedbackStore(clock))
    })
  })

  const record = (userId: string, opinion: FeedbackRecord['opinion'], time = clock.now()): FeedbackRecord => {
    return { userId, opinion, text: '', reasons: [], time }
  }
  const opinions = async (store: SharedFeedbackStore, stream = 'STREAM') => {
    return (await store.list(stream)).map(({ userId, opinion }) => `${userId} ${opinion}`)
  }

  it('are one list, with the latest of each person', async () => {
    await one.save('STREAM', record('alice', 'like'))
    await clock.advance(1000)
    await other.save('STREAM', record('bob', 'dislike'))
    await clock.advance(1000)
    await other.save('STREAM', record('alice', 'withdrawn'))
    for (const store of [one, other]) {
      assert.deepEqual(await opinions(store), ['bob dislike', 'alice withdrawn'])
      assert.deepEqual(await opinions(store, 'ANOTHER'), [])
    }
  })

  it('are complete when they arrive at both at the same moment', async () => {
    const people = Array.from({ length: 4 }, (_, index) => `person${index}`)
    await Promise.all(people.map((person, index) => (index % 2 ? one : other).save('STREAM', record(person, 'like'))))
    for (const store of [one, other]) assert.deepEqual((await opinions(store)).sort(), people.map(each => `${each} like`))
  })

  it('are not replaced by an earlier one that arrives later', async () => {
    const early = record('alice', 'like')
    await clock.advance(1000)
    await one.save('STREAM', record('alice', 'dislike'))
    await other.save('STREAM', early)
    assert.deepEqual(await opinions(one), ['alice dislike'])
    assert.deepEqual(await opinions(other), ['alice dislike'])
  })

  it('stay bounded, and expire', async () => {
    for (let index = 0; index < 300; index++) await one.save('STREAM', record(`person${index}`, 'like'))
    assert.equal((await other.list('STREAM')).length, 200)
    await clock.advance(FEEDBACK_LIFETIME_MS + 1)
    assert.deepEqual(await other.list('STREAM'), [])
  })

  it('are those of this instance where nothing is shared', async () => {
    isShared = false
    await one.save('STREAM', record('alice', 'like'))
    assert.deepEqual(await opinions(one), ['alice like'])
    assert.deepEqual(await opinions(other), [])
  })
})
