import assert from 'node:assert/strict'
import { googleQuotaCalendar as calendar } from '../../../src/engine/gemini/quota-calendar'

describe('googleQuotaCalendar', () => {
  const next = (time: string) => new Date(calendar.nextReset(Date.parse(time))).toISOString()

  it('resets at midnight in California', () => {
    assert.equal(next('2026-11-22T12:00:00Z'), '2026-11-23T08:00:00.000Z')
    assert.equal(next('2026-07-01T12:00:00Z'), '2026-07-02T07:00:00.000Z')
  })

  it('begins a day where the last one ends', () => {
    assert.equal(next('2026-11-22T07:59:59.999Z'), '2026-11-22T08:00:00.000Z')
    assert.equal(next('2026-11-22T08:00:00Z'), '2026-11-23T08:00:00.000Z')
  })

  it('knows days of 23 and 25 hours', () => {
    assert.equal(next('2026-03-08T08:00:00Z'), '2026-03-09T07:00:00.000Z')
    assert.equal(next('2026-03-08T12:00:00Z'), '2026-03-09T07:00:00.000Z')
    assert.equal(next('2026-11-01T07:00:00Z'), '2026-11-02T08:00:00.000Z')
    assert.equal(next('2026-11-01T20:00:00Z'), '2026-11-02T08:00:00.000Z')
  })

  it('names a day by its date in California', () => {
    assert.equal(calendar.dayOf(Date.parse('2026-11-22T07:59:00Z')), '2026-11-21')
    assert.equal(calendar.dayOf(Date.parse('2026-11-22T08:00:00Z')), '2026-11-22')
  })

  it('names the days of any order of times, around each reset', () => {
    const day = (time: string, offsetMs = 0) => calendar.dayOf(Date.parse(time) + offsetMs)
    assert.equal(day('2026-11-22T20:00:00Z'), '2026-11-22')
    assert.equal(day('2026-11-22T07:59:59.999Z'), '2026-11-21')
    assert.equal(day('2026-11-22T08:00:00Z'), '2026-11-22')
    assert.equal(day('2026-11-23T08:00:00Z', -1), '2026-11-22')
    assert.equal(day('2026-11-23T08:00:00Z'), '2026-11-23')
    assert.equal(day('2026-03-08T08:00:00Z'), '2026-03-08')
    assert.equal(day('2026-03-09T07:00:00Z', -1), '2026-03-08')
    assert.equal(day('2026-03-09T07:00:00Z'), '2026-03-09')
    assert.equal(day('2026-11-01T07:00:00Z'), '2026-11-01')
    assert.equal(day('2026-11-02T08:00:00Z', -1), '2026-11-01')
    assert.equal(day('2026-11-02T08:00:00Z'), '2026-11-02')
  })
})
