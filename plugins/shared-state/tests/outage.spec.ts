import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import type { Backend } from '../src/backend/types'
import { MemoryBackend } from '../src/memory/memory-backend'
import { Circuit } from '../src/redis/circuit'
import { GuardedBackend } from '../src/redis/guarded-backend'
import { SharedStateService } from '../src/service/shared-state-service'

const SECOND = 1000

describe('a server that comes back empty', () => {
  let clock: FakeClock, server: MemoryBackend, isAway: boolean, circuits: Circuit[]
  beforeEach(() => {
    clock = new FakeClock()
    server = new MemoryBackend(clock)
    isAway = false
    circuits = []
  })
  afterEach(() => circuits.forEach(circuit => circuit.dispose()))

  function reach<T>(task: () => T): T {
    if (isAway) throw new Error('no answer')
    return task()
  }

  /** The server, as long as it answers. */
  const remote = new Proxy({} as Backend, {
    get: (_, name: keyof Backend) => {
      if (name === 'subscribe') return () => () => {}
      return async (...args: unknown[]) => reach(() => (server[name] as (...args: unknown[]) => unknown)(...args))
    },
  })

  function add(instance: string) {
    const circuit: Circuit = new Circuit({
      clock,
      logger: { info() {}, warn() {} } as never,
      started: Promise.resolve(),
      probe: async () => reach(() => {}),
      reasonOf: error => error,
      reconnect() {},
      healed: () => service.restore(),
    })
    circuits.push(circuit)
    const backend = new GuardedBackend(remote, new MemoryBackend(clock), circuit)
    const service = new SharedStateService(backend, { instance, clock, isShared: true, circuit })
    return service
  }

  for (const seconds of [1, 4, 8, 30]) {
    it(`learns after ${seconds} s what instances hold, value and order included`, async () => {
      const [one, other] = [add('one'), add('other')]
      const lease = await one.acquire('lease', 9 * SECOND, 'text', 'group')
      const place = await one.join('queue', { ttlMs: 9 * SECOND, capacity: 10 })
      const next = await other.join('queue', { ttlMs: 9 * SECOND, capacity: 10 })
      isAway = true
      server = new MemoryBackend(clock)
      await Promise.all([one.get('any'), other.get('any')])
      await clock.advance(seconds * SECOND)
      assert.equal(one.isDegraded, true)
      isAway = false
      await clock.advance(2 * SECOND)
      assert.equal(one.isDegraded, false)
      assert.deepEqual(await other.inspect('lease'), { value: 'text', isHeld: true })
      assert.equal(await other.acquire('lease', 9 * SECOND), undefined)
      assert.deepEqual([lease!.lost.aborted, place!.lost.aborted, next!.lost.aborted], [false, false, false])
      assert.equal((await other.join('queue', { ttlMs: 9 * SECOND, capacity: 10 }))!.ahead, 2)
      assert.deepEqual(await other.expired('group'), [])
    })
  }

  it('learns what instances have begun to hold meanwhile', async () => {
    const [one, other] = [add('one'), add('other')]
    isAway = true
    server = new MemoryBackend(clock)
    const lease = await one.acquire('lease', 9 * SECOND, 'text')
    const place = await one.join('queue', { ttlMs: 9 * SECOND, capacity: 10 })
    await clock.advance(SECOND)
    isAway = false
    await clock.advance(2 * SECOND)
    assert.deepEqual(await other.inspect('lease'), { value: 'text', isHeld: true })
    assert.deepEqual([lease!.lost.aborted, place!.lost.aborted], [false, false])
    assert.equal((await other.join('queue', { ttlMs: 9 * SECOND, capacity: 10 }))!.ahead, 1)
  })
})
