import assert from 'node:assert'
import { setImmediate } from 'node:timers/promises'
import { Backpressure } from '../../../src/engine/http/call'

async function isOpen(wait: Promise<void> | undefined) {
  return Promise.race([Promise.resolve(wait).then(() => true), setImmediate(false)])
}

describe('Backpressure', () => {
  it('lets the producer run ahead up to the window', async () => {
    const backpressure = new Backpressure(3)
    assert.equal(backpressure.produced(), undefined)
    assert.equal(backpressure.produced(), undefined)
    const wait = backpressure.produced()
    assert.equal(await isOpen(wait), false)
    backpressure.consumed()
    assert.equal(await isOpen(wait), true)
  })

  it('keeps the distance while both go on', async () => {
    const backpressure = new Backpressure(2)
    backpressure.produced()
    for (let i = 0; i < 10; i++) {
      const wait = backpressure.produced()
      assert.equal(await isOpen(wait), false)
      backpressure.consumed()
      assert.equal(await isOpen(wait), true)
    }
  })

  it('releases a waiting producer', async () => {
    const backpressure = new Backpressure(1)
    const wait = backpressure.produced()
    backpressure.release()
    assert.equal(await isOpen(wait), true)
  })
})
