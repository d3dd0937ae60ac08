import assert from 'node:assert/strict'
import type { SharedState } from 'common/shared-state'

/** One instance that shares its state with the others of the same setup. */
export interface TestInstance extends SharedState {
  start(): Promise<void>
  leave(): Promise<void>
  dispose(): Promise<void>
}

export interface Setup {
  /** Adds an instance. */
  add(): TestInstance
  /** Lets time pass, real or not. */
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

/** What every implementation of shared state must do. Times are a second or more: a server is not exact. */
export function itSharesState(create: () => Promise<Setup>) {
  let setup: Setup, one: TestInstance, other: TestInstance
  beforeEach(async () => {
    setup = await create()
    one = setup.add()
    other = setup.add()
  })
  afterEach(() => setup.close())

  const until = async (isMet: () => boolean | Promise<boolean>) => {
    for (let tries = 0; !await isMet(); tries++) {
      assert.ok(tries < 200, 'the condition was not met in time')
      await setup.pass(50)
    }
  }

  describe('claims', () => {
    it('go to the first, also of many at once', async () => {
      const claims = Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).claim('message', String(index), 60_000))
      const winners = await Promise.all(claims)
      assert.equal(new Set(winners).size, 1)
      assert.equal(await one.claim('message', 'late', 60_000), winners[0])
    })

    it('end after their time', async () => {
      await one.claim('message', 'a', 1000)
      await setup.pass(1200)
      assert.equal(await other.claim('message', 'b', 1000), 'b')
    })
  })

  describe('values', () => {
    it('are seen by all instances, and expire', async () => {
      await one.set('value', 'a b\n中', 1000)
      assert.equal(await other.get('value'), 'a b\n中')
      await setup.pass(1200)
      assert.equal(await other.get('value'), undefined)
    })

    it('change by compare-and-set for one of many', async () => {
      const results = await Promise.all(Array.from({ length: 20 }, (_, index) => {
        return (index % 2 ? one : other).compareAndSet('value', undefined, String(index), 60_000)
      }))
      assert.equal(results.filter(Boolean).length, 1)
      const value = String(results.indexOf(true))
      assert.equal(await one.get('value'), value)
      assert.equal(await other.compareAndSet('value', 'something else', 'x', 60_000), false)
      assert.equal(await other.compareAndSet('value', value, '', 60_000), true)
      assert.equal(await one.get('value'), '')
      assert.equal(await one.compareAndSet('value', '', undefined, 60_000), true)
      assert.equal(await one.get('value'), undefined)
    })
  })

  describe('leases', () => {
    it('are held by one instance, and renewed beyond their time', async () => {
      const lease = await one.acquire('lease', 1500, 'text')
      assert.ok(lease)
      assert.equal(await other.acquire('lease', 1500), undefined)
      await setup.pass(2500)
      assert.equal(await other.acquire('lease', 1500), undefined)
      assert.deepEqual(await other.inspect('lease'), { value: 'text', isHeld: true })
    })

    it('hand over their value, with a larger fencing number', async () => {
      const lease = await one.acquire('lease', 1500)
      assert.equal(await other.inspect('lease'), undefined)
      assert.equal(await lease!.write('so far'), true)
      await lease!.release()
      assert.deepEqual(await one.inspect('lease'), { value: 'so far', isHeld: false })
      const next = await other.acquire('lease', 1500)
      assert.ok(next!.fence > lease!.fence)
      assert.equal(lease!.lost.aborted, false)
      assert.deepEqual(await one.inspect('lease'), { value: 'so far', isHeld: true })
    })

    it('go to one of many once their holder is gone', async () => {
      await one.acquire('lease', 1000, 'so far')
      await one.dispose()
      await setup.pass(1200)
      const third = setup.add()
      const leases = await Promise.all([other, third, other, third].map(instance => instance.acquire('lease', 1500)))
      assert.equal(leases.filter(Boolean).length, 1)
      assert.deepEqual(await other.inspect('lease'), { value: 'so far', isHeld: true })
    })
  })

  describe('groups of leases', () => {
    it('tell which have expired, until they are taken over or released', async () => {
      const lease = await one.acquire('lease', 1500, 'text', 'group')
      const alone = await one.acquire('released', 1500, 'text', 'group')
      await one.acquire('ungrouped', 1500, 'text')
      await one.acquire('elsewhere', 1500, 'text', 'another group')
      await alone!.release()
      await setup.pass(2500)
      assert.deepEqual(await other.expired('group'), [])
      await one.dispose()
      await setup.pass(1700)
      assert.deepEqual(await other.expired('group'), ['lease'])
      const next = await other.acquire('lease', 1500, undefined, 'group')
      assert.ok(next!.fence > lease!.fence)
      assert.deepEqual(await other.expired('group'), [])
      await next!.release()
      await setup.pass(1700)
      assert.deepEqual(await other.expired('group'), [])
    })

    it('tell at most fifty at once, the first to expire first', async () => {
      for (let index = 0; index < 52; index++) await one.acquire(`lease-${index}`, 1000 + index, '', 'group')
      await one.dispose()
      await setup.pass(1500)
      const expired = await other.expired('group')
      assert.equal(expired.length, 50)
      assert.equal(expired[0], 'lease-0')
      assert.ok(!expired.includes('lease-51'))
    })
  })

  describe('queues', () => {
    const options = { ttlMs: 1500, capacity: 3 }

    it('give each its turn in the order of arrival', async () => {
      const order: number[] = []
      const places = []
      for (const [index, instance] of [one, other, one].entries()) {
        const place = await instance.join('conversation', options)
        assert.equal(place!.ahead, index)
        void place!.whenFirst().then(() => order.push(index))
        places.push(place!)
      }
      assert.equal(await other.join('conversation', options), undefined)
      assert.ok(await other.join('another', options))
      await until(() => order.length === 1)
      await setup.pass(2000)
      assert.deepEqual(order, [0])
      await places[0].leave()
      await until(() => order.length === 2)
      await places[1].leave()
      await until(() => order.length === 3)
      assert.deepEqual(order, [0, 1, 2])
      await places[2].leave()
      assert.equal((await one.join('conversation', options))!.ahead, 0)
    })

    it('confirm a place that is held', async () => {
      const place = await one.join('conversation', options)
      assert.equal(await place!.confirm(), true)
      await setup.pass(2000)
      assert.equal(await place!.confirm(), true)
    })

    it('pass over those who leave early, and those whose instance is gone', async () => {
      await one.join('conversation', options)
      const second = await other.join('conversation', options)
      const third = await other.join('conversation', options)
      let isFirst = false
      void third!.whenFirst().then(() => isFirst = true)
      await second!.leave()
      await setup.pass(500)
      assert.equal(isFirst, false)
      await one.dispose()
      await until(() => isFirst)
      assert.equal(third!.lost.aborted, false)
    })

    it('stop waiting when told to', async () => {
      await one.join('conversation', options)
      const place = await other.join('conversation', options)
      const controller = new AbortController()
      const waiting = place!.whenFirst(controller.signal)
      controller.abort()
      await waiting
    })
  })

  describe('limits', () => {
    it('allow exactly so many at once, over all instances', async () => {
      const limits = [{ key: 'person', max: 3 }, { key: 'all', max: 5 }]
      const waits = await Promise.all(Array.from({ length: 8 }, (_, index) => {
        return (index % 2 ? one : other).take(limits, `slot ${index}`, 60_000)
      }))
      assert.equal(waits.filter(wait => wait === 0).length, 3)
      assert.ok(waits.every(wait => wait >= 0 && wait <= 60_000), String(waits))
      assert.equal(await one.take([{ key: 'all', max: 5 }], 'a', 60_000), 0)
      assert.equal(await one.take([{ key: 'all', max: 5 }], 'b', 60_000), 0)
      assert.notEqual(await one.take([{ key: 'all', max: 5 }], 'c', 60_000), 0)
      await other.release([{ key: 'all' }], 'a')
      assert.equal(await one.take([{ key: 'all', max: 5 }], 'c', 60_000), 0)
    })

    it('take nothing where one of them is reached', async () => {
      await one.take([{ key: 'person', max: 1 }], 'a', 60_000)
      assert.notEqual(await one.take([{ key: 'all', max: 1 }, { key: 'person', max: 1 }], 'b', 60_000), 0)
      assert.equal(await other.take([{ key: 'all', max: 1 }], 'c', 60_000), 0)
    })

    it('say how long to wait, and free slots by themselves', async () => {
      await one.take([{ key: 'rate', max: 1 }], 'a', 1500)
      const wait = await other.take([{ key: 'rate', max: 1 }], 'b', 1500)
      assert.ok(wait > 0 && wait <= 1500, String(wait))
      await setup.pass(wait + 50)
      assert.equal(await other.take([{ key: 'rate', max: 1 }], 'b', 1500), 0)
    })
  })

  describe('counts', () => {
    it('add up over all instances, by field, also of many at once', async () => {
      await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).increment([
        { key: 'day', field: 'requests a b', by: 1 }, { key: 'day', field: '令牌', by: index }, { key: 'all', field: '', by: 2 },
      ], 60_000)))
      assert.deepEqual([...await one.counts('day')].sort(), [['requests a b', 20], ['令牌', 190]])
      assert.deepEqual([...await other.counts('all')], [['', 40]])
      assert.equal((await one.counts('nothing')).size, 0)
    })

    it('of names that objects have are counts, too', async () => {
      await one.increment([{ key: 'day', field: '__proto__', by: 3 }, { key: 'day', field: 'constructor', by: 0 }], 60_000)
      assert.deepEqual([...await other.counts('day')].sort(), [['__proto__', 3], ['constructor', 0]])
    })

    it('expire after the last addition', async () => {
      for (const by of [1, 2]) {
        await one.increment([{ key: 'day', field: 'a', by }], 3000)
        await setup.pass(1600)
      }
      assert.deepEqual([...await other.counts('day')], [['a', 3]])
      await setup.pass(1600)
      assert.equal((await one.counts('day')).size, 0)
    })

    it('are of ten thousand fields at most, which go on counting', async () => {
      for (let from = 0; from < 10_000; from += 500) {
        const fields = Array.from({ length: 500 }, (_, index) => `field-${from + index}`)
        await one.increment(fields.map(field => ({ key: 'day', field, by: 1 })), 60_000)
      }
      await other.increment([{ key: 'day', field: 'one more', by: 1 }], 60_000)
      await other.increment([{ key: 'day', field: 'field-7', by: 1 }], 60_000)
      const counts = await one.counts('day')
      assert.deepEqual([counts.size, counts.get('one more'), counts.get('field-7')], [10_000, undefined, 2])
    })
  })

  describe('messages', () => {
    it('reach all other instances', async () => {
      const third = setup.add()
      const heard: string[] = []
      const ends = [one, other, third].map((instance, index) => instance.subscribe('topic', text => heard.push(`${index} ${text}`)))
      one.subscribe('another', text => heard.push(text))
      await setup.pass(500)
      one.publish('topic', 'stop now')
      await until(() => heard.length === 2)
      assert.deepEqual(heard.sort(), ['1 stop now', '2 stop now'])
      ends[1]()
      one.publish('topic', 'again')
      await until(() => heard.length === 3)
      await setup.pass(200)
      assert.deepEqual(heard.slice(2), ['2 again'])
    })
  })

  it('knows the instances that are there', async () => {
    await one.start()
    await other.start()
    await one.start()
    assert.deepEqual(one.instances, [one.instance, other.instance].sort())
    await other.dispose()
    await one.start()
    assert.deepEqual(one.instances, [one.instance])
  })

  describe('an instance that begins to stop', () => {
    beforeEach(async () => {
      for (const instance of [one, other, one]) await instance.start()
      // Until the server knows the subscriptions.
      await setup.pass(500)
    })

    it('is not counted on any more, and still sees the others', async () => {
      await one.leave()
      assert.deepEqual(one.instances, [other.instance])
      await until(() => other.instances.length === 1)
      await one.start()
      await other.start()
      assert.deepEqual([one.instances, other.instances], [[other.instance], [other.instance]])
      await one.set('value', 'still works', 60_000)
      assert.equal(await other.get('value'), 'still works')
    })

    it('does not count on one that does the same', async () => {
      await Promise.all([one.leave(), other.leave()])
      await until(() => !one.instances.length && !other.instances.length)
      await one.start()
      assert.deepEqual(one.instances, [])
    })
  })
}
