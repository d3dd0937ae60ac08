import assert from 'node:assert'
import { setImmediate } from 'node:timers/promises'
import { Gate } from '../../../src/engine/gemini/call'

async function isOpen(wait: Promise<void> | undefined) {
  return Promise.race([Promise.resolve(wait).then(() => true), setImmediate(false)])
}

describe('the gate before the SDK', () => {
  it('lets the producer run ahead, so far and no further', async () => {
    const gate = new Gate(3)
    assert.equal(gate.enter(), undefined)
    assert.equal(gate.enter(), undefined)
    const wait = gate.enter()
    assert.equal(await isOpen(wait), false)
    gate.leave()
    assert.equal(await isOpen(wait), true)
  })

  it('keeps the distance', async () => {
    const gate = new Gate(2)
    gate.enter()
    for (let i = 0; i < 10; i++) {
      const wait = gate.enter()
      assert.equal(await isOpen(wait), false)
      gate.leave()
      assert.equal(await isOpen(wait), true)
    }
  })

  it('opens for a producer that is to be ended', async () => {
    const gate = new Gate(1)
    const wait = gate.enter()
    gate.release()
    assert.equal(await isOpen(wait), true)
  })
})
