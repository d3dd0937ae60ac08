import assert from 'node:assert/strict'
import { FakeClock, settle } from 'common/testing'
import { ConnectionLease } from '../../src/instances/connection-lease'
import { MemoryBackend, SharedStateService } from '../../../../tests/support/shared-state'
import { SECOND } from '../support/turns'

describe('the lease of a long connection', () => {
  let clock: FakeClock, shared: MemoryBackend

  beforeEach(() => {
    clock = new FakeClock()
    shared = new MemoryBackend(clock)
  })

  /** An instance with a clock of its own, which stands still once it has died. */
  function add(instance: string, { backend = shared, isShared = true } = {}) {
    const own = new FakeClock()
    const circuit = { isOpen: false, isRecovering: false, epoch: 0 }
    const service = new SharedStateService(backend, { instance, clock: own, isShared, circuit })
    const events: string[] = []
    const lease = new ConnectionLease('AIBOTID', own, {
      granted: () => void events.push('granted'),
      denied: () => void events.push('denied'),
    })
    return { clock: own, circuit, service, events, lease, leave: lease.connect(service) }
  }

  async function pass(ms: number, ...alive: { clock: FakeClock }[]) {
    for (let left = ms; left > 0; left -= 250) {
      await clock.advance(250)
      for (const instance of alive) await instance.clock.advance(250)
    }
  }

  it('is not needed without shared state', () => {
    const alone = add('alone', { isShared: false })
    alone.lease.start()
    assert.deepEqual(alone.events, ['granted'])
    assert.equal(alone.clock.pending, 0)
  })

  it('stays with its holder for as long as that is alive', async () => {
    const [one, two, three] = ['one', 'two', 'three'].map(name => add(name))
    for (const { lease } of [one, two, three]) lease.start()
    await pass(120 * SECOND, one, two, three)
    assert.deepEqual([one.events, two.events, three.events], [['granted'], ['denied'], ['denied']])
  })

  it('is taken over within twelve seconds when its holder is gone, by one of those that wait', async () => {
    const [one, two, three] = ['one', 'two', 'three'].map(name => add(name))
    for (const { lease } of [one, two, three]) lease.start()
    await pass(30 * SECOND, one, two, three)
    await pass(12 * SECOND, two, three)
    assert.deepEqual([two.events, three.events].sort(), [['denied'], ['denied', 'granted']])
  })

  it('is lost by a holder that was stopped and wakes up, which waits from then on', async () => {
    const [one, two] = [add('one'), add('two')]
    one.lease.start()
    two.lease.start()
    await pass(15 * SECOND, two)
    assert.deepEqual(two.events, ['denied', 'granted'])
    await one.clock.jump(15 * SECOND)
    await pass(15 * SECOND, one, two)
    assert.deepEqual(one.events, ['granted', 'denied'])
    assert.deepEqual(two.events, ['denied', 'granted'])
  })

  it('is handed over at once when its holder stops', async () => {
    const [one, two] = [add('one'), add('two')]
    one.lease.start()
    two.lease.start()
    await settle()
    await one.lease.stop()
    await settle()
    assert.deepEqual(two.events, ['denied', 'granted'])
    await pass(30 * SECOND, one, two)
    assert.deepEqual(one.events, ['granted'])
  })

  it('is not kept by an instance that stops while it asks for it', async () => {
    const [one, two] = [add('one'), add('two')]
    one.lease.start()
    await one.lease.stop()
    await settle()
    two.lease.start()
    await settle()
    assert.deepEqual([one.events, two.events], [[], ['granted']])
  })

  it('ends a connection that was made before there was shared state, if another instance has one', async () => {
    const one = add('one')
    const two = add('two')
    two.leave()
    one.lease.start()
    two.lease.start()
    two.lease.connect(two.service)
    await settle()
    assert.deepEqual([one.events, two.events], [['granted'], ['granted', 'denied']])
  })

  it('tells who has taken the bot, as far as that is known', async () => {
    const alone = add('alone', { isShared: false })
    alone.lease.start()
    assert.equal(alone.lease.taker, 'unknown')
    const [one, two] = [add('one'), add('two')]
    one.lease.start()
    await settle()
    two.lease.start()
    await settle()
    assert.equal(one.lease.taker, 'outside', 'it has the lease: no other instance connects')
    assert.equal(two.lease.taker, 'instance')
    Object.assign(one.circuit, { isOpen: true, epoch: 1 })
    assert.equal(one.lease.taker, 'instance', 'the others may think that they have it')
  })

  describe('while the server is away', () => {
    const goAway = (...instances: ReturnType<typeof add>[]) => {
      for (const { circuit } of instances) Object.assign(circuit, { isOpen: true, epoch: circuit.epoch + 1 })
    }

    it('is not taken by those that wait, although each could have it', async () => {
      const one = add('one')
      // What an instance has for itself then.
      const memory = new MemoryBackend(clock)
      let current = shared
      const backend = new Proxy(shared, {
        get: (_, name) => (...args: unknown[]) => {
          return Reflect.apply(Reflect.get(current, name) as () => unknown, current, args)
        },
      })
      const two = add('two', { backend })
      one.lease.start()
      two.lease.start()
      await settle()
      current = memory
      goAway(two)
      await pass(60 * SECOND, one, two)
      assert.deepEqual([one.events, two.events], [['granted'], ['denied']])
      current = shared
      two.circuit.isOpen = false
      await one.lease.stop()
      await pass(3 * SECOND, one, two)
      assert.deepEqual(two.events, ['denied', 'granted'])
    })

    it('is given to an instance that starts then, and left to the one that takes the bot from it', async () => {
      const one = add('one', { backend: new MemoryBackend(clock) })
      goAway(one)
      one.lease.start()
      await settle()
      assert.deepEqual(one.events, ['granted'])
      one.lease.replaced()
      await pass(60 * SECOND, one)
      assert.deepEqual(one.events, ['granted', 'denied'])
      one.circuit.isOpen = false
      await pass(3 * SECOND, one)
      assert.deepEqual(one.events, ['granted', 'denied', 'granted'])
    })

    it('is kept where another process takes the bot although the server answers', async () => {
      const one = add('one')
      one.lease.start()
      await settle()
      one.lease.replaced()
      await pass(10 * SECOND, one)
      assert.deepEqual(one.events, ['granted'])
    })
  })

  describe('without the service, which was there before', () => {
    it('is not needed after its time, and its holder goes on', async () => {
      const [one, two] = [add('one'), add('two')]
      one.lease.start()
      two.lease.start()
      await settle()
      two.leave()
      await pass(8 * SECOND, one, two)
      assert.deepEqual(two.events, ['denied'])
      await pass(2 * SECOND, one, two)
      assert.deepEqual([one.events, two.events], [['granted'], ['denied', 'granted']])
    })

    it('leaves nothing behind when the plugins stop', async () => {
      const two = add('two')
      add('one').lease.start()
      two.lease.start()
      await settle()
      two.leave()
      await two.lease.stop()
      await pass(30 * SECOND, two)
      assert.deepEqual(two.events, ['denied'])
      assert.equal(two.clock.pending, 0)
    })
  })
})
