import assert from 'node:assert/strict'
import { ErrorReporter } from '../../bin/instance/error-reporter'

describe('ErrorReporter', () => {
  let now: number
  let logged: unknown[]
  let printed: string[]
  let reporter: ErrorReporter

  beforeEach(() => {
    now = 0
    logged = []
    printed = []
    reporter = new ErrorReporter(() => now, error => logged.push(error), line => printed.push(line))
  })

  it('logs an error', () => {
    const error = new Error('x')
    reporter.report(error)
    assert.deepEqual(logged, [error])
    assert.deepEqual(printed, [])
  })

  it('prints an error of the log instead of logging it', () => {
    reporter.report(new Error('ENOSPC: no space left on device, write\nstack'), true)
    assert.deepEqual(logged, [])
    assert.deepEqual(printed, ['Error: ENOSPC: no space left on device, write'])
  })

  it('reports five errors of a kind per minute and counts the others', () => {
    for (let count = 0; count < 40_000; count++) reporter.report(new Error(`attempt ${count}`), true)
    assert.equal(printed.length, 5)
    now = 60_000
    reporter.report(new Error('attempt 1'), true)
    assert.deepEqual(printed.slice(5), ['Error: attempt 1 (39995 more in the previous minute)', 'Error: attempt 1'])
  })

  it('distinguishes kinds, and accepts values that are not errors', () => {
    for (const value of [undefined, null, 'text', 1, { code: 'x' }]) reporter.report(value, true)
    assert.equal(printed.length, 5)
  })

  it('remembers a bounded number of kinds', () => {
    for (let count = 0; count < 1000; count++) reporter.report(new Error('x'.repeat(count)), true)
    assert.ok((reporter as unknown as { kinds: Map<string, unknown> }).kinds.size <= 200)
  })
})
