import assert from 'node:assert/strict'
import { FakeClock } from 'common/testing'
import type { Backend } from '../src/backend/types'
import { MemoryBackend } from '../src/memory/memory-backend'
import { Circuit } from '../src/redis/circuit'
import { GuardedBackend } from '../src/redis/guarded-backend'
import { SharedStateService } from '../src/service/shared-state-service'

const SECOND = 1000

describe('a server that was away', () => {
  let clock: FakeClock, server: MemoryBackend, isAway: boolean, circuits: Circuit[]
  /** Set while the server hangs: what it does when it goes on. */
  let late: (() => unknown)[] | undefined
  beforeEach(() => {
    clock = new FakeClock()
    server = new MemoryBackend(clock)
    isAway = false
    late = undefined
    circuits = []
  })
  afterEach(() => circuits.forEach(circuit => circuit.dispose()))

  function reach<T>(task: () => T): T | Promise<T> {
    if (isAway) throw new Error('no answer')
    if (!late) return task()
    return new Promise<T>(resolve => late!.push(() => resolve(task())))
  }

  /** All instances notice that the server is away. */
  async function lose(...instances: SharedStateService[]) {
    const probes = Promise.all(instances.map(instance => instance.get('any')))
    await clock.advance(SECOND)
    await probes
    assert.deepEqual(instances.map(({ isDegraded }) => isDegraded), instances.map(() => true))
  }

  async function comeBack() {
    isAway = false
    const tasks = late ?? []
    late = undefined
    for (const task of tasks) await task()
    await clock.advance(3 * SECOND)
    assert.deepEqual(circuits.map(({ isOpen }) => isOpen), circuits.map(() => false))
  }

  /** The server, as long as it answers. */
  const remote = new Proxy({} as Backend, {
    get: (_, name: keyof Backend) => {
      if (name === 'subscribe') return () => () => {}
      return async (...args: unknown[]) => {
        // Redis refuses numbers with a fraction.
        for (const arg of args) if (typeof arg === 'number' && !Number.isInteger(arg)) throw new Error(`${name}: ${arg}`)
        return reach(() => (server[name] as (...args: unknown[]) => unknown)(...args))
      }
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
    it(`learns, empty, after ${seconds} s what instances hold, value and order included`, async () => {
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
  for (const [how, leave] of [
    ['was started again, empty', () => {
      isAway = true
      server = new MemoryBackend(clock)
    }],
    ['could not be reached', () => void (isAway = true)],
    ['hung, and does late what it was asked', () => void (late = [])],
  ] as const) {
    describe(`because it ${how}`, () => {
      const LIMIT = [{ key: 'person', max: 1 }]
      let one: SharedStateService, other: SharedStateService
      beforeEach(() => {
        one = add('one')
        other = add('other')
      })

      for (const [when, isBefore] of [['before', true], ['while', false]] as const) {
        it(`knows the last value of what was released, and begun ${when} it was away`, async () => {
          const lease = isBefore ? await one.acquire('lease', 9 * SECOND, 'begun', 'group') : undefined
          leave()
          await lose(one, other)
          const held = lease ?? await one.acquire('lease', 9 * SECOND, 'begun', 'group')
          assert.equal(await held!.write('the whole answer'), true)
          await held!.release()
          await comeBack()
          assert.deepEqual(await other.inspect('lease'), { value: 'the whole answer', isHeld: false })
          await clock.advance(30 * SECOND)
          assert.deepEqual(await other.expired('group'), [])
          assert.ok(await other.acquire('lease', 9 * SECOND))
        })
      }

      it('knows it of what was released when the outage had not been noticed', async () => {
        const lease = await one.acquire('lease', 9 * SECOND, 'begun', 'group')
        leave()
        const done = Promise.all([lease!.write('the whole answer'), lease!.release()])
        await clock.advance(SECOND)
        await done
        await comeBack()
        assert.deepEqual(await other.inspect('lease'), { value: 'the whole answer', isHeld: false })
        await clock.advance(30 * SECOND)
        assert.deepEqual(await other.expired('group'), [])
      })

      it('has claims and values that were made meanwhile, for the rest of their time', async () => {
        await one.claim('known', 'other', 60 * SECOND)
        leave()
        await lose(one, other)
        await clock.advance(0.5)
        assert.equal(await one.claim('message', 'one', 60 * SECOND), 'one')
        assert.equal(await one.claim('message', 'again', 60 * SECOND), 'one')
        await one.claim('short', 'one', 10 * SECOND)
        await one.claim('returned', 'one', 60 * SECOND)
        assert.equal(await one.compareAndSet('returned', 'one', undefined, 60 * SECOND), true)
        await one.set('value', 'text', 60 * SECOND)
        await clock.advance(20 * SECOND)
        await comeBack()
        assert.equal(await other.claim('message', 'other', 60 * SECOND), 'one')
        assert.equal(await other.claim('short', 'other', 60 * SECOND), 'other')
        assert.equal(await other.claim('returned', 'other', 60 * SECOND), 'other')
        assert.equal(await other.get('value'), 'text')
        await clock.advance(40 * SECOND)
        assert.equal(await other.get('value'), undefined)
        assert.equal(await other.claim('message', 'other', 60 * SECOND), 'other')
      })

      it('has what was counted meanwhile, once', async () => {
        const count = (instance: SharedStateService) => instance.increment([{ key: 'day', field: 'a', by: 1 }], 3600 * SECOND)
        await count(one)
        leave()
        await Promise.all([count(one), count(one), clock.advance(SECOND)])
        await lose(other)
        await count(other)
        await comeBack()
        // What was asked before the server was started again, empty, is gone.
        assert.equal((await one.counts('day')).get('a'), how.includes('empty') ? 3 : 4)
      })

      it('counts slots that were taken meanwhile, and none that were released', async () => {
        assert.equal(await one.take(LIMIT, 'before', 3600 * SECOND), 0)
        leave()
        await lose(one, other)
        await one.release(LIMIT, 'before')
        assert.equal(await one.take(LIMIT, 'meanwhile', 60 * SECOND), 0)
        await comeBack()
        const waitMs = await other.take(LIMIT, 'other', 60 * SECOND)
        assert.ok(waitMs > 0 && waitMs <= 60 * SECOND, String(waitMs))
        await one.release(LIMIT, 'meanwhile')
        assert.equal(await other.take(LIMIT, 'other', 60 * SECOND), 0)
      })

      it('lets the next in a queue go on', async () => {
        const first = await one.join('queue', { ttlMs: 3600 * SECOND, capacity: 10 })
        const next = await other.join('queue', { ttlMs: 3600 * SECOND, capacity: 10 })
        let isFirst = false
        void next!.whenFirst().then(() => isFirst = true)
        leave()
        await lose(one)
        await first!.leave()
        await comeBack()
        await clock.advance(3 * SECOND)
        assert.equal(isFirst, true)
        assert.equal(next!.lost.aborted, false)
      })
    })
  }

  it('does not take back what another instance has taken over', async () => {
    const [one, other] = [add('one'), add('other')]
    const lease = await one.acquire('lease', 9 * SECOND, 'begun')
    // Only this instance cannot reach the server.
    isAway = true
    await lose(one)
    await lease!.write('mine')
    await lease!.release()
    await server.releaseLease('lease', 'stranger', 1)
    await clock.advance(10 * SECOND)
    assert.equal(await server.acquireLease('lease', 'other/1', 9 * SECOND, 'taken'), 2)
    await comeBack()
    assert.equal((await other.inspect('lease'))!.value, 'taken')
  })

  it('is told of changes once', async () => {
    const one = add('one')
    isAway = true
    await lose(one)
    await one.set('value', 'old', 3600 * SECOND)
    await comeBack()
    await server.set('value', 'new', 3600 * SECOND)
    isAway = true
    await lose(one)
    await comeBack()
    assert.equal(await one.get('value'), 'new')
  })

  it('is told of the newest changes after a long outage, and memory stays bounded', async () => {
    const one = add('one')
    isAway = true
    await lose(one)
    for (let index = 0; index < 5000; index++) await one.set(`value-${index}`, 'text', 3600 * SECOND)
    await comeBack()
    assert.equal(await server.get('value-0'), undefined)
    assert.equal(await server.get('value-4999'), 'text')
    assert.equal(await server.get('value-4001'), 'text')
  })
})
