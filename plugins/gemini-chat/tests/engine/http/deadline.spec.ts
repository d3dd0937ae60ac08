import assert from 'node:assert'
import { FakeClock } from 'common/testing'
import { Deadline } from '../../../src/engine/http/deadline'
import type { EngineError } from '../../../src/engine/error'

function start(firstByteTimeout: number, idleTimeout: number, totalTimeout: number) {
  const clock = new FakeClock()
  const errors: EngineError[] = []
  const deadline = new Deadline({ firstByteTimeout, idleTimeout, totalTimeout }, error => errors.push(error), clock)
  return { clock, errors, deadline, reasons: () => errors.map(({ kind, reason }) => `${kind} ${reason}`) }
}

describe('Deadline', () => {
  it('expires when the first byte is late', async () => {
    const { clock, reasons, errors } = start(60, 10, 1000)
    await clock.advance(59)
    assert.deepEqual(reasons(), [])
    await clock.advance(1)
    assert.deepEqual(reasons(), ['timeout first-byte'])
    assert.equal(errors[0].retryable, true)
    assert.equal(clock.pending, 0)
  })

  it('expires when the server sends nothing', async () => {
    const { clock, deadline, reasons, errors } = start(60, 10, 1000)
    for (let i = 0; i < 20; i++) {
      deadline.noteActivity()
      await clock.advance(9)
    }
    assert.deepEqual(reasons(), [])
    await clock.advance(1)
    assert.deepEqual(reasons(), ['timeout idle'])
    assert.equal(errors[0].retryable, false)
    assert.equal(clock.pending, 0)
  })

  it('expires when the response takes too long', async () => {
    const { clock, deadline, reasons } = start(60, 10, 100)
    for (let i = 0; i < 20; i++) {
      deadline.noteActivity()
      await clock.advance(9)
    }
    assert.deepEqual(reasons(), ['timeout total'])
    assert.equal(clock.pending, 0)
  })

  it('does not count the time of a slow reader', async () => {
    const { clock, deadline, reasons } = start(60, 10, 1000)
    deadline.noteActivity()
    deadline.pause()
    await clock.advance(500)
    deadline.resume()
    await clock.advance(9)
    assert.deepEqual(reasons(), [])
    await clock.advance(1)
    assert.deepEqual(reasons(), ['timeout idle'])
  })

  it('waits only briefly for the end of a complete answer', async () => {
    const { clock, deadline, reasons } = start(60_000, 60_000, 300_000)
    deadline.noteActivity()
    deadline.awaitEnd(2000)
    await clock.advance(2000)
    assert.deepEqual(reasons(), ['timeout idle'])
  })

  it('leaves no timer after clear', async () => {
    const { clock, deadline, reasons } = start(60, 10, 1000)
    deadline.clear()
    assert.equal(clock.pending, 0)
    deadline.noteActivity()
    assert.equal(clock.pending, 0)
    await clock.advance(5000)
    assert.deepEqual(reasons(), [])
  })

  it('sets no timer without a limit', async () => {
    const { clock, deadline } = start(0, Infinity, 2 ** 31)
    assert.equal(clock.pending, 0)
    deadline.noteActivity()
    assert.equal(clock.pending, 0)
  })
})
