import assert from 'node:assert/strict'
import { backoffMs } from 'common/async'

describe('backoffMs', () => {
  it('doubles its bound from one second to sixteen', () => {
    const almostOne = () => 1 - 2 ** -52
    const bounds = [0, 1, 2, 3, 4, 5, 50].map(attempt => Math.ceil(backoffMs(attempt, almostOne)))
    assert.deepEqual(bounds, [1000, 2000, 4000, 8000, 16_000, 16_000, 16_000])
  })

  it('waits for a random part of it', () => {
    assert.equal(backoffMs(3, () => 0), 0)
    assert.equal(backoffMs(3, () => 0.25), 2000)
  })
})
