import assert from 'node:assert/strict'
import type { Context } from 'koishi'
import { DatabaseAccess, DatabaseBreaker, DatabaseUnavailableError, breakerOf } from 'common/database'
import { FakeClock } from 'common/testing'

describe('DatabaseBreaker', () => {
  let clock: FakeClock
  let breaker: DatabaseBreaker
  /** Tasks that the database was asked. */
  let asked: number

  beforeEach(() => {
    clock = new FakeClock()
    breaker = new DatabaseBreaker(clock)
    asked = 0
  })

  /** A lock that is given up after this long, as SQLite and MySQL do. */
  const locked = (waitMs: number) => async () => {
    asked++
    await clock.sleep(waitMs)
    throw new Error('database is locked')
  }
  const hung = () => {
    asked++
    return new Promise<never>(() => {})
  }
  const well = async () => {
    asked++
    return 'row'
  }

  async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
    return promise.catch(error => error)
  }

  it('hands on results and errors, and leaves no timer', async () => {
    assert.equal(await breaker.run(well), 'row')
    await assert.rejects(breaker.run(() => {
      throw new Error('at once')
    }), /at once/)
    await assert.rejects(breaker.run(async () => {
      throw new Error('no such table')
    }), /no such table/)
    assert.equal(breaker.isOpen, false, 'an error that comes at once delays nothing')
    assert.equal(clock.pending, 0)
  })

  it('lets one call wait for a lock; those after it fail at once', async () => {
    const first = outcomeOf(breaker.run(locked(1500)))
    await clock.advance(1500)
    assert.match(String(await first), /database is locked/)
    const before = clock.monotonic()
    for (let count = 0; count < 10; count++) {
      await assert.rejects(breaker.run(locked(1500)), DatabaseUnavailableError)
    }
    assert.equal(asked, 1)
    assert.equal(clock.monotonic(), before)
  })

  it('finds out every five seconds whether the database works again, and waits one second for it', async () => {
    const first = outcomeOf(breaker.run(locked(1500)))
    await clock.advance(1500)
    await first
    await clock.advance(5000)
    const [probe, other] = [outcomeOf(breaker.run(locked(1500))), outcomeOf(breaker.run(well))]
    assert.ok(await other instanceof DatabaseUnavailableError, 'one call at a time finds out')
    await clock.advance(1000)
    assert.ok(await probe instanceof DatabaseUnavailableError)
    await clock.advance(5000)
    assert.equal(await breaker.run(well), 'row')
    assert.equal(breaker.isOpen, false)
    assert.equal(await breaker.run(well), 'row')
  })

  it('fails calls that get no answer, all at once, and takes a late answer for a recovery', async () => {
    let release = (_row: string) => {}
    const late = outcomeOf(breaker.run(() => new Promise<string>(resolve => release = resolve)))
    const others = [outcomeOf(breaker.run(hung)), outcomeOf(breaker.run(hung))]
    await clock.advance(4999)
    assert.equal(breaker.isOpen, false)
    await clock.advance(1)
    await new Promise(resolve => setImmediate(resolve))
    await new Promise(resolve => setImmediate(resolve))
    for (const outcome of [late, ...others]) assert.match(String(await outcome), /no response within 5 s/)
    assert.equal(breaker.isOpen, true)
    release('row')
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(breaker.isOpen, false)
  })

  it('keeps nothing of calls that never end', async () => {
    for (let count = 0; count < 1000; count++) {
      void outcomeOf(breaker.run(hung))
      await clock.advance(5000)
    }
    assert.ok(asked > 400, String(asked))
    // The breaker looks at its calls after some turns of the event loop.
    for (let look = 0; look < 3; look++) {
      await clock.advance(5000)
      for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
    }
    assert.equal(clock.pending, 0)
  })

  it('leaves a long call alone while others succeed', async () => {
    let release = (_row: string) => {}
    const long = breaker.run(() => new Promise<string>(resolve => release = resolve))
    for (let count = 0; count < 60; count++) {
      await clock.advance(1000)
      assert.equal(await breaker.run(well), 'row')
    }
    release('all rows')
    assert.equal(await long, 'all rows')
  })

  it('takes no slow error for a lock where another call succeeded meanwhile', async () => {
    const slow = outcomeOf(breaker.run(locked(3000)))
    await clock.advance(2000)
    await breaker.run(well)
    await clock.advance(1000)
    await slow
    assert.equal(breaker.isOpen, false)
  })

  it('is one for all plugins of an instance: together they wait once', async () => {
    const root = {}
    const ctx = () => ({ root, get: () => ({}) }) as unknown as Context
    const logger = { warn() {}, info() {} } as never
    breakerOf(ctx(), clock)
    const create = (subject: string) => new DatabaseAccess(ctx(), { clock, logger, subject })
    const [history, usage, turns] = ['history', 'usage', 'turns'].map(create)
    const first = history.try(locked(1500))
    await clock.advance(1500)
    await first
    const before = clock.monotonic()
    assert.equal(await usage.try(well), undefined)
    assert.equal(await turns.try(well), undefined)
    await assert.rejects(turns.run(well), DatabaseUnavailableError)
    assert.equal(clock.monotonic(), before)
    assert.equal(asked, 1)
    assert.equal(breakerOf(ctx()).isOpen, true)
    assert.equal(breakerOf({ root: {} } as Context).isOpen, false, 'another instance in this process')
    await clock.advance(5000)
    assert.equal(await usage.try(well), 'row')
  })
})
