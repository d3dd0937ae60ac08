import assert from 'node:assert/strict'
import { dayBefore, monthBefore, periodOf, periodsOf, rankedSince } from '../../src/storage/periods'

const time = new Date(2026, 2, 31, 9, 5).getTime()

describe('periods', () => {
  it('are named in the time zone of this machine', () => {
    assert.deepEqual(['hour', 'day', 'month'].map(span => periodOf(span as never, time)), ['2026-03-31T09', '2026-03-31', '2026-03'])
  })

  it('of 24 hours end with the present one', () => {
    const periods = periodsOf('day', time)
    assert.equal(periods.at(-1), '2026-03-31T09')
    assert.ok(periods.length === 24 || periods.length === 23, 'an hour is repeated at most once')
    assert.deepEqual(periods, [...periods].sort())
  })

  for (const [range, days] of [['month', 30], ['year', 365]] as const) {
    it(`of a ${range} are ${days} days without gaps`, () => {
      const periods = periodsOf(range, time)
      assert.equal(new Set(periods).size, days)
      assert.equal(periods.at(-1), '2026-03-31')
      periods.forEach((day, index) => assert.equal(day, dayBefore(time, days - 1 - index)))
    })
  }

  it('count months back from the last day of a long one', () => {
    assert.deepEqual([1, 2, 3, 12].map(months => monthBefore(time, months)), ['2026-02', '2026-01', '2025-12', '2025-03'])
  })

  it('of people and groups are hours, days or months', () => {
    assert.deepEqual(rankedSince('month', time), { span: 'day', since: '2026-03-02' })
    assert.deepEqual(rankedSince('year', time), { span: 'month', since: '2025-03' })
    assert.equal(rankedSince('day', time).span, 'hour')
  })
})
