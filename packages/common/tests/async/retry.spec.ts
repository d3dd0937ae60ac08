import assert from 'node:assert/strict'
import { retry } from 'common/async'
import type { RetryOptions } from 'common/async'
import { FakeClock, InstantClock } from 'common/testing'

/** A task that fails with each of these errors in turn, and then succeeds. */
function failing(...errors: Error[]) {
  let tries = 0
  return Object.assign(async () => {
    const error = errors[tries++]
    if (error) throw error
    return 'done'
  }, { tries: () => tries })
}

describe('retry', () => {
  const [one, two, three] = ['one', 'two', 'three'].map(message => new Error(message))
  let clock: InstantClock
  let options: RetryOptions

  beforeEach(() => {
    clock = new InstantClock()
    options = { clock, attempts: 3, delayMs: (_, attempt) => 1000 * (attempt + 1) }
  })

  it('pauses between the tries, as the caller says', async () => {
    const task = failing(one, two)
    assert.equal(await retry(task, options), 'done')
    assert.equal(task.tries(), 3)
    assert.deepEqual(clock.sleeps, [1000, 2000])
  })

  it('does not pause where the first try succeeds', async () => {
    assert.equal(await retry(failing(), options), 'done')
    assert.deepEqual(clock.sleeps, [])
  })

  it('throws the last error, without a pause behind it', async () => {
    const task = failing(one, two, three)
    await assert.rejects(retry(task, options), three)
    assert.deepEqual(clock.sleeps, [1000, 2000])
  })

  it('throws at once what does not pass', async () => {
    const task = failing(one, two)
    await assert.rejects(retry(task, { ...options, delayMs: error => error === one ? 5 : undefined }), two)
    assert.equal(task.tries(), 2)
  })

  it('throws the last error when its signal aborts in a pause, and tries no more', async () => {
    const fake = new FakeClock()
    const abort = new AbortController()
    const task = failing(one, two)
    const result = retry(task, { ...options, clock: fake, signal: abort.signal })
    const rejected = assert.rejects(result, one)
    await fake.advance(999)
    abort.abort()
    await rejected
    assert.equal(task.tries(), 1)
    assert.equal(fake.pending, 0)
  })

  it('tries once where its signal has aborted before', async () => {
    const task = failing(one)
    await assert.rejects(retry(task, { ...options, signal: AbortSignal.abort() }), one)
    assert.equal(task.tries(), 1)
    assert.deepEqual(clock.sleeps, [])
  })
})
