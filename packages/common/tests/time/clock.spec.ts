import assert from 'node:assert/strict'
import { withGlobal } from '@sinonjs/fake-timers'
import { SystemClock } from 'common/time'
import { settle } from 'common/testing'

describe('SystemClock', () => {
  const fakes: { uninstall(): void }[] = []
  const install = () => {
    const fake = withGlobal(globalThis).install({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
    fakes.push(fake)
    return fake
  }

  afterEach(() => {
    for (const fake of fakes.splice(0)) fake.uninstall()
  })

  it('reads the globals at each call', async () => {
    const clock = new SystemClock()
    const fake = install()
    fake.setSystemTime(1234)
    assert.equal(clock.now(), 1234)
    let fired = 0
    clock.setTimeout(() => fired++, 100)
    clock.clearTimeout(clock.setTimeout(() => fired++, 100))
    fake.tick(100)
    assert.equal(fired, 1)
    clock.clearTimeout(undefined)
  })

  it('sleeps for the time given', async () => {
    const clock = new SystemClock()
    const fake = install()
    let isAwake = false
    void clock.sleep(100).then(() => isAwake = true)
    fake.tick(99)
    await settle()
    assert.equal(isAwake, false)
    fake.tick(1)
    await settle()
    assert.equal(isAwake, true)
  })

  it('ends a sleep when its signal aborts, and leaves no timer', async () => {
    const clock = new SystemClock()
    const fake = install()
    const abort = new AbortController()
    const sleep = clock.sleep(100, abort.signal)
    abort.abort()
    await sleep
    await clock.sleep(100, abort.signal)
    assert.equal(fake.countTimers(), 0)
  })

  it('ends all sleeps when it is disposed, and later ones at once', async () => {
    const clock = new SystemClock()
    const fake = install()
    const sleeps = [clock.sleep(100), clock.sleep(200, new AbortController().signal)]
    clock.dispose()
    await Promise.all(sleeps)
    await clock.sleep(100)
    assert.equal(fake.countTimers(), 0)
  })

  it('keeps the process alive for a sleep, not for a timer', () => {
    const clock = new SystemClock()
    const timer = clock.setTimeout(() => {}, 1000) as NodeJS.Timeout
    assert.equal(timer.hasRef(), false)
    clock.clearTimeout(timer)
  })

  it('measures durations past a change of the wall clock', () => {
    const clock = new SystemClock()
    const fake = install()
    const startedAt = clock.monotonic()
    fake.setSystemTime(Date.now() + 3_600_000)
    assert.ok(clock.monotonic() - startedAt < 60_000)
    assert.ok(clock.monotonic() >= startedAt)
  })
})
