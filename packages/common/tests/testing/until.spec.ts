import assert from 'node:assert/strict'
import FakeTimers from '@sinonjs/fake-timers'
import { until } from 'common/testing'

describe('until', () => {
  it('looks again until there is something, and returns that', async () => {
    let looks = 0
    assert.equal(await until(() => ++looks === 3 && 'found'), 'found')
    assert.equal(looks, 3)
    assert.deepEqual(await until(async () => [] as string[]), [])
  })

  it('gives up with what was waited for, and with what helps to find the cause', async () => {
    await assert.rejects(until(() => false, 'the line', 0), /^Error: this never came about: the line$/)
    await assert.rejects(until(() => 0, () => 'the output', 0), /the output/)
    await assert.rejects(until(() => undefined, undefined, 0), /=> (?:undefined|void 0)/)
  })

  it('passes errors on', async () => {
    await assert.rejects(until(() => { throw new Error('gone') }), /gone/)
  })

  it('waits in real time, also under fake timers', async () => {
    const clock = FakeTimers.install()
    try {
      let looks = 0
      await until(() => ++looks === 3)
      await assert.rejects(until(() => false, 'time', 20), /time/)
    } finally {
      clock.uninstall()
    }
  })
})
