import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import { RateLimits } from '../../src/usage/rate-limits'
import type { RateLimitSettings } from '../../src/usage/rate-limits'
import { localDay } from '../../src/util/local-time'
import type { UsageQuery, UsageRow } from '../../src/usage/usage-store'

describe('RateLimits', () => {
  let now: number
  let rows: Partial<UsageRow>[]
  let queries: UsageQuery[]

  beforeEach(() => {
    now = new Date(2026, 10, 22, 15, 0).getTime()
    rows = []
    queries = []
  })

  function create(settings: Partial<RateLimitSettings>) {
    const store = {
      async read(query: UsageQuery) {
        queries.push(query)
        return rows as UsageRow[]
      },
    }
    const unlimited = { userRate: 0, channelRate: 0, userTokens: 0, channelTokens: 0 }
    return new RateLimits({ ...unlimited, ...settings }, store, { now: () => now, monotonic: () => now })
  }

  it('limits nothing by default', async () => {
    const limits = create({})
    for (let i = 0; i < 100; i++) assert.equal(await limits.admit({ user: 'a', channel: 'c' }), undefined)
    assert.deepEqual(queries, [])
  })

  it('limits messages per minute and person, and tells the wait', async () => {
    const limits = create({ userRate: 2 })
    assert.equal(await limits.admit({ user: 'a' }), undefined)
    now += 20_000
    assert.equal(await limits.admit({ user: 'a' }), undefined)
    now += 1500
    assert.deepEqual(await limits.admit({ user: 'a' }), ['limits.user-rate', { limit: 2, seconds: 39 }])
    assert.equal(await limits.admit({ user: 'b' }), undefined)
    now += 38_500
    assert.equal(await limits.admit({ user: 'a' }), undefined)
    assert.deepEqual(await limits.admit({ user: 'a' }), ['limits.user-rate', { limit: 2, seconds: 20 }])
  })

  it('limits messages per minute whichever way the clock is set', async () => {
    const clock = new FakeClock()
    const settings = { userRate: 1, channelRate: 0, userTokens: 0, channelTokens: 0 }
    const limits = new RateLimits(settings, { read: async () => [] }, clock)
    const admit = () => limits.admit({ user: 'a' })
    assert.equal(await admit(), undefined)
    clock.step(3_600_000)
    assert.deepEqual(await admit(), ['limits.user-rate', { limit: 1, seconds: 60 }])
    clock.step(-7_200_000)
    await clock.advance(59_000)
    assert.deepEqual(await admit(), ['limits.user-rate', { limit: 1, seconds: 1 }])
    await clock.advance(1000)
    assert.equal(await admit(), undefined)
  })

  it('limits messages per minute and channel', async () => {
    const limits = create({ channelRate: 1 })
    assert.equal(await limits.admit({ user: 'a', channel: 'c' }), undefined)
    assert.deepEqual(await limits.admit({ user: 'b', channel: 'c' }), ['limits.channel-rate', { limit: 1, seconds: 60 }])
    assert.equal(await limits.admit({ user: 'b', channel: 'd' }), undefined)
    assert.equal(await limits.admit({ user: 'b' }), undefined)
  })

  it('remembers the last 10,000 senders', async () => {
    const limits = create({ userRate: 1 })
    for (let i = 0; i < 10_000; i++) assert.equal(await limits.admit({ user: String(i) }), undefined)
    assert.equal((await limits.admit({ user: '0' }))?.[0], 'limits.user-rate')
    assert.equal(await limits.admit({ user: 'one more' }), undefined)
    assert.equal((await limits.admit({ user: '0' }))?.[0], 'limits.user-rate')
    assert.equal(await limits.admit({ user: '1' }), undefined)
  })

  it('does not count refused messages', async () => {
    const limits = create({ userRate: 5, channelRate: 1 })
    for (let i = 0; i < 9; i++) await limits.admit({ user: 'a', channel: 'c' })
    for (let i = 0; i < 4; i++) assert.equal(await limits.admit({ user: 'a' }), undefined)
    assert.equal((await limits.admit({ user: 'a' }))?.[0], 'limits.user-rate')
  })

  it('counts messages that arrive at the same time', async () => {
    const limits = create({ userRate: 1, userTokens: 100 })
    const verdicts = await Promise.all([1, 2, 3].map(() => limits.admit({ user: 'a' })))
    assert.equal(verdicts.filter(verdict => !verdict).length, 1)
  })

  it('limits tokens per day and person, and tells when the day ends', async () => {
    const limits = create({ userTokens: 1000 })
    rows = [{ prompt: 600, answer: 300, requests: 1, errors: 0 }]
    assert.equal(await limits.admit({ user: 'a' }), undefined)
    rows.push({ prompt: 100, answer: 0, requests: 1, errors: 0 })
    assert.deepEqual(await limits.admit({ user: 'a' }), ['limits.user-tokens', { limit: 1000, time: '11-23 00:00' }])
    assert.deepEqual(queries[0], { user: 'a', since: localDay(now) })
  })

  it('limits tokens per day and channel', async () => {
    const limits = create({ channelTokens: 10 })
    rows = [{ prompt: 10, answer: 0, requests: 1, errors: 0 }]
    const [path] = (await limits.admit({ user: 'a', channel: 'c' }))!
    assert.equal(path, 'limits.channel-tokens')
    assert.deepEqual(queries, [{ channel: 'c', since: localDay(now) }])
    assert.equal(await limits.admit({ user: 'a' }), undefined)
  })

  it('forgets senders without recent messages', async () => {
    const limits = create({ userRate: 1 })
    for (let i = 0; i < 1200; i++) await limits.admit({ user: `${i}` })
    now += 60_000
    await limits.admit({ user: 'a' })
    const { recent } = limits as unknown as { recent: Map<string, number[]> }
    assert.deepEqual([...recent.keys()], ['user a'])
  })
})
