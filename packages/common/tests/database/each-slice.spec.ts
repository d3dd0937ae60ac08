import assert from 'node:assert/strict'
import { eachSlice } from 'common/database'

describe('eachSlice', () => {
  it('goes through all rows', async () => {
    const rows = [1, 2, 3, 4, 5]
    const seen: number[][] = []
    await eachSlice(async () => rows.slice(0, 2), async slice => void seen.push(rows.splice(0, slice.length)))
    assert.deepEqual(seen, [[1, 2], [3, 4], [5]])
  })

  it('ends with an error where a database takes no change, instead of asking without end', async () => {
    let reads = 0
    const stuck = eachSlice(async () => [reads++ && 'row'].map(() => 'row'), async () => {})
    await assert.rejects(stuck, /still has rows/)
    assert.equal(reads, 2)
  })
})
