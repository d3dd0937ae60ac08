import assert from 'node:assert/strict'
import { assertLinear } from 'common/testing'

/** Counts as often as asked for, so that the time depends on nothing else. */
function count(steps: number): number {
  let sum = 0
  for (let step = 0; step < steps; step++) sum = (sum * 31 + step) | 0
  return sum
}

describe('assertLinear', function() {
  this.timeout(120_000)

  it('takes time that grows with the length of the text', () => {
    assertLinear(text => count(text.length * 20))
  })

  it('refuses time that grows with its square, even if a megabyte takes less than is allowed', () => {
    assert.throws(() => assertLinear(text => count(text.length ** 2 / 10_000), 10_000), /"a" take .* ms, in 16 parts/)
  })

  it('refuses what takes too long', () => {
    assert.throws(() => assertLinear(text => count(text.length * 50), 20), /1048576 characters of "a" take/)
  })
})
