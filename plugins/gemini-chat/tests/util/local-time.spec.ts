import assert from 'node:assert/strict'
import { localDay, localTime } from '../../src/util/local-time'

describe('local time', () => {
  it('formats a day, and days before it, in the zone of this machine', () => {
    assert.equal(localDay(new Date(2026, 0, 5, 0, 0).getTime()), '2026-01-05')
    assert.equal(localDay(new Date(2026, 2, 1, 23, 59).getTime(), 1), '2026-02-28')
    assert.equal(localDay(new Date(2026, 0, 1).getTime(), 29), '2025-12-03')
  })

  it('formats a time with two digits each', () => {
    assert.equal(localTime(new Date(2026, 0, 5, 6, 7).getTime()), '01-05 06:07')
    assert.equal(localTime(new Date(2026, 10, 23, 16, 0).getTime()), '11-23 16:00')
  })
})
