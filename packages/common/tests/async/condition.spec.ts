import assert from 'node:assert/strict'
import { Activity, Condition } from 'common/async'
import { FakeClock, settle } from 'common/testing'

/** The value of a promise once it is settled. */
function watch<T>(promise: Promise<T>) {
  const watched: { value?: T } = {}
  void promise.then(value => watched.value = value)
  return watched
}

describe('Condition', () => {
  let clock: FakeClock
  let condition: Condition

  beforeEach(() => {
    clock = new FakeClock()
    condition = new Condition(clock)
  })

  afterEach(() => assert.equal(clock.pending, 0))

  it('does not wait for a state that is there', async () => {
    assert.equal(await condition.until(() => true, 0), true)
    assert.equal(await condition.until(() => false, 0), false)
    assert.equal(await condition.until(() => false, -5), false)
  })

  it('resolves as soon as a change brings the state', async () => {
    let count = 0
    const two = watch(condition.until(() => count === 2, 1000))
    const any = watch(condition.until(() => count > 0, 1000))
    count++
    condition.notify()
    await settle()
    assert.deepEqual([two.value, any.value], [undefined, true])
    count++
    condition.notify()
    await settle()
    assert.equal(two.value, true)
  })

  it('gives up after the limit', async () => {
    const waiting = watch(condition.until(() => false, 1000))
    condition.notify()
    await clock.advance(999)
    assert.equal(waiting.value, undefined)
    await clock.advance(1)
    assert.equal(waiting.value, false)
  })

  it('looks a last time at the limit', async () => {
    let isThere = false
    const waiting = watch(condition.until(() => isThere, 1000))
    isThere = true
    await clock.advance(1000)
    assert.equal(waiting.value, true)
  })
})

describe('Activity', () => {
  it('is idle when every task has ended, failed or not', async () => {
    const clock = new FakeClock()
    const activity = new Activity(clock)
    assert.equal(await activity.whenIdle(0), true)
    const ends: ((error?: Error) => void)[] = []
    const task = () => new Promise<void>((resolve, reject) => ends.push(error => error ? reject(error) : resolve()))
    const first = activity.run(task)
    const second = activity.run(task)
    const waiting = watch(activity.whenIdle(1000))
    ends[0]()
    await first
    await settle()
    assert.equal(waiting.value, undefined)
    assert.equal(activity.isIdle, false)
    ends[1](new Error('broken'))
    await assert.rejects(second, /broken/)
    await settle()
    assert.equal(waiting.value, true)
    assert.equal(activity.isIdle, true)
    assert.equal(clock.pending, 0)
  })

  it('is waited for no longer than the limit', async () => {
    const clock = new FakeClock()
    const activity = new Activity(clock)
    void activity.run(() => new Promise(() => {}))
    const waiting = watch(activity.whenIdle(1000))
    await clock.advance(1000)
    assert.equal(waiting.value, false)
  })
})
