import assert from 'node:assert/strict'
import { setMaxListeners } from 'node:events'
import { FakeClock, settle } from 'common/testing'
import { SharedLimits } from '../../src/instances/shared-limits'
import { MemoryBackend, SharedStateService } from '../../../../tests/support/shared-state'
import { SECOND } from '../support/turns'

describe('the webhook messages of several instances', () => {
  const limits = { total: 10, user: 3, maxAge: 330 * SECOND }
  let clock: FakeClock, instances: SharedLimits[], controller: AbortController
  beforeEach(() => {
    clock = new FakeClock()
    controller = new AbortController()
    // As many as there are messages.
    setMaxListeners(0, controller.signal)
    const backend = new MemoryBackend(clock)
    instances = ['one', 'other'].map((instance) => {
      const service = new SharedStateService(backend, { instance, clock, isShared: true })
      return new SharedLimits('AIBOTID', () => service, limits, clock)
    })
  })
  afterEach(() => controller.abort())

  /** Asks for slots at the instances in turn. @returns how many have been given so far */
  function ask(count: number, url = 'https://example.com/webhook?key=A') {
    let given = 0
    for (let index = 0; index < count; index++) {
      void instances[index % 2].webhookSlot(url, controller.signal).then(isGiven => void (given += Number(isGiven)))
    }
    return () => given
  }

  it('are twenty a minute for each webhook, with time for one that was slow on its way', async () => {
    const [given, elsewhere] = [ask(50), ask(5, 'https://example.com/webhook?key=B')]
    await settle()
    assert.deepEqual([given(), elsewhere()], [20, 5])
    await clock.advance(61 * SECOND)
    assert.equal(given(), 20)
    await clock.advance(2 * SECOND)
    assert.equal(given(), 40)
    await clock.advance(63 * SECOND)
    assert.equal(given(), 50)
  })

  it('that wait end when the instance stops', async () => {
    const given = ask(21)
    await settle()
    controller.abort()
    await settle()
    assert.equal(given(), 20)
  })
})
