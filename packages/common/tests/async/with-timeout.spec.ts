import assert from 'node:assert/strict'
import { withTimeout } from 'common/async'
import { FakeClock } from 'common/testing'

describe('withTimeout', () => {
  const never = new Promise<string>(() => {})
  let clock: FakeClock

  beforeEach(() => clock = new FakeClock())

  afterEach(() => assert.equal(clock.pending, 0))

  it('returns what the promise resolves to', async () => {
    assert.equal(await withTimeout(Promise.resolve('value'), 1000, clock, () => 'late'), 'value')
  })

  it('throws what the promise rejects with', async () => {
    await assert.rejects(withTimeout(Promise.reject(new Error('broken')), 1000, clock, () => 'late'), /broken/)
  })

  it('returns something else after the limit', async () => {
    const result = withTimeout(never, 1000, clock, () => 'late')
    let isSettled = false
    void result.then(() => isSettled = true)
    await clock.advance(999)
    assert.equal(isSettled, false)
    await clock.advance(1)
    assert.equal(await result, 'late')
  })

  it('throws after the limit where the caller wants that', async () => {
    const rejected = assert.rejects(withTimeout(never, 1000, clock, () => {
      throw new Error('late')
    }), /late/)
    await clock.advance(1000)
    await rejected
  })

  it('does not report a promise that rejects after the limit', async () => {
    let fail!: (error: Error) => void
    const result = withTimeout(new Promise((_, reject) => fail = reject), 1000, clock, () => 'late')
    await clock.advance(1000)
    assert.equal(await result, 'late')
    fail(new Error('unattended'))
    await clock.advance(0)
  })
})
