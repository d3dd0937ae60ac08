import assert from 'node:assert/strict'
import type { FeedbackRecord } from '../../src/storage/feedback'
import { DAY, describeStores } from '../support/stores'

const record = (userId: string, fields?: Partial<FeedbackRecord>): FeedbackRecord => {
  return { userId, opinion: 'like', text: '', reasons: [], time: 1, ...fields }
}

describeStores('FeedbackStore', (world) => {
  it('keeps the latest record of each person for a week', async () => {
    const { stores: { feedback }, clock } = world()
    assert.deepEqual(await feedback.list('S'), [])
    await feedback.save('S', record('A'))
    await feedback.save('S', record('B'))
    const last = record('A', { opinion: 'dislike', text: '答非所问 😀', reasons: [1, 4], time: 2 })
    await feedback.save('S', last)
    await feedback.save('S2', record('C'))
    const records = await feedback.list('S')
    assert.deepEqual(records.sort((one, other) => one.userId < other.userId ? -1 : 1), [last, record('B')])
    await clock.jump(7 * DAY - 1)
    assert.equal((await feedback.list('S')).length, 2)
    await clock.advance(1)
    assert.deepEqual(await feedback.list('S'), [])
  })

  it('keeps every record that is saved at the same time', async () => {
    const { feedback } = world().stores
    const people = Array.from({ length: 20 }, (_, index) => `user${index % 10}`)
    await Promise.all(people.map(userId => feedback.save('S', record(userId))))
    assert.equal((await feedback.list('S')).length, 10)
  })
})
