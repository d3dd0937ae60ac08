import assert from 'node:assert/strict'
import { nextQuotaReset, quotaDay } from '../../src/model/quota-day'

describe('the day of Google\'s quotas', () => {
  const next = (time: string) => new Date(nextQuotaReset(Date.parse(time))).toISOString()

  it('ends at midnight in California', () => {
    assert.equal(next('2026-11-22T12:00:00Z'), '2026-11-23T08:00:00.000Z')
    assert.equal(next('2026-07-01T12:00:00Z'), '2026-07-02T07:00:00.000Z')
  })

  it('begins where the last one ends', () => {
    assert.equal(next('2026-11-22T07:59:59.999Z'), '2026-11-22T08:00:00.000Z')
    assert.equal(next('2026-11-22T08:00:00Z'), '2026-11-23T08:00:00.000Z')
  })

  it('has 23 hours in spring and 25 in autumn', () => {
    assert.equal(next('2026-03-08T08:00:00Z'), '2026-03-09T07:00:00.000Z')
    assert.equal(next('2026-03-08T12:00:00Z'), '2026-03-09T07:00:00.000Z')
    assert.equal(next('2026-11-01T07:00:00Z'), '2026-11-02T08:00:00.000Z')
    assert.equal(next('2026-11-01T20:00:00Z'), '2026-11-02T08:00:00.000Z')
  })

  it('has the date it has there', () => {
    assert.equal(quotaDay(Date.parse('2026-11-22T07:59:00Z')), '2026-11-21')
    assert.equal(quotaDay(Date.parse('2026-11-22T08:00:00Z')), '2026-11-22')
  })
})
