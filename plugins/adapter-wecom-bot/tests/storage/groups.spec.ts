import assert from 'node:assert/strict'
import { DAY, describeDatabaseStores } from '../support/stores'

describeDatabaseStores('GroupStore', (world) => {
  it('records at most two groups per bot, for all processes and without expiry', async () => {
    const { stores: { groups }, clock, another } = world()
    const other = another()
    assert.deepEqual(await groups.recordGroup('B', 'A'), ['A'])
    assert.deepEqual(await other.groups.recordGroup('B', 'A'), ['A'])
    assert.deepEqual((await other.groups.recordGroup('B', 'a'))!.sort(), ['A', 'a'])
    assert.deepEqual((await groups.recordGroup('B', 'third'))!.sort(), ['A', 'a'])
    assert.deepEqual(await groups.recordGroup('B2', 'third'), ['third'])
    await clock.jump(30 * DAY)
    assert.equal((await groups.recordGroup('B', 'A'))!.length, 2)
    await other.dispose()
  })

  it('records two groups at the same time', async () => {
    const { stores: { groups }, another } = world()
    const other = another()
    await Promise.all([
      groups.recordGroup('B', 'one'), groups.recordGroup('B', 'two'), other.groups.recordGroup('B', 'two'),
    ])
    assert.equal((await other.groups.recordGroup('B', 'one'))!.length, 2)
    await other.dispose()
  })
})
