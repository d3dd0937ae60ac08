import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { SystemClock } from 'common/time'
import { itSharesState } from '../../plugins/shared-state/tests/conformance'
import { RedisServer } from '../support/redis'
import { createRedisInstance } from '../support/redis-instance'

describe('shared state in Redis', function() {
  this.timeout(60_000)
  let server: RedisServer
  before(async () => {
    server = await RedisServer.start()
  })
  after(() => server.close())

  describe('as in memory:', () => {
    let run = 0
    itSharesState(async () => {
      const instances: ReturnType<typeof createRedisInstance>[] = []
      const prefix = `run-${++run}`
      return {
        add() {
          const instance = createRedisInstance(server.url, new SystemClock(), { prefix })
          instances.push(instance)
          return instance.service
        },
        pass: async ms => void await sleep(ms),
        async close() {
          for (const instance of instances) await instance.close()
        },
      }
    })
  })

  describe('while the server is away', () => {
    type TestInstance = ReturnType<typeof createRedisInstance>
    let one: TestInstance, other: TestInstance
    beforeEach(async () => {
      await server.stop()
      await server.run()
      one = createRedisInstance(server.url, new SystemClock())
      other = createRedisInstance(server.url, new SystemClock())
      await Promise.all([one.service.start(), other.service.start()])
    })
    afterEach(async () => {
      server.resume()
      await Promise.all([one.close(), other.close()])
    })

    const degraded = async (expected: boolean) => {
      while (one.service.isDegraded !== expected || other.service.isDegraded !== expected) {
        await Promise.all([one.service.get('probe'), other.service.get('probe')])
        await sleep(20)
      }
    }

    for (const [how, leave, come] of [
      ['it is stopped and started empty', () => server.stop(), () => server.run()],
      ['it hangs', async () => server.pause(), async () => server.resume()],
    ] as const) {
      it(`every instance acts alone, and together again afterwards: ${how}`, async () => {
        const lease = await one.service.acquire('lease', 30_000, 'before')
        const place = await one.service.join('queue', { ttlMs: 30_000, capacity: 10 })
        await leave()
        assert.equal(await one.service.claim('message', 'one', 60_000), 'one')
        assert.equal(await other.service.claim('message', 'other', 60_000), 'other')
        await degraded(true)
        assert.equal(await lease!.write('meanwhile'), true)
        await place!.whenFirst()
        assert.ok(await other.service.acquire('another lease', 3000))
        await come()
        await degraded(false)
        assert.equal(await lease!.write('after'), true)
        while (!await other.service.inspect('lease')) await sleep(20)
        assert.deepEqual(await other.service.inspect('lease'), { value: 'after', isHeld: true })
        assert.equal(await other.service.acquire('lease', 3000), undefined)
        let behind = await other.service.join('queue', { ttlMs: 30_000, capacity: 10 })
        while (behind!.ahead !== 1) {
          await behind!.leave()
          await sleep(100)
          behind = await other.service.join('queue', { ttlMs: 30_000, capacity: 10 })
        }
        assert.equal(place!.lost.aborted, false)
        const heard: string[] = []
        other.service.subscribe('topic', text => heard.push(text))
        while (!heard.length) {
          one.service.publish('topic', 'again')
          await sleep(50)
        }
      })
    }

    it('logs one line for the failure and one for its end, without the password', async () => {
      await server.stop()
      await degraded(true)
      await sleep(1500)
      await server.run()
      await degraded(false)
      const lines = one.lines.filter(line => line.startsWith('Redis'))
      assert.equal(lines.length, 2, one.lines.join('\n'))
      assert.match(lines[0], /^Redis does not answer \(.*ECONNREFUSED.*\): this instance acts alone/)
      assert.match(lines[1], /answers again/)
      assert.doesNotMatch(one.lines.join(), /spec-password/)
    })

    it('says why it does not answer when the password is wrong', async () => {
      const stranger = createRedisInstance(server.url.replace('spec-', 'other-'), new SystemClock())
      try {
        await stranger.service.start()
        assert.equal(await stranger.service.claim('message', 'alone', 1000), 'alone')
        assert.equal(stranger.service.isDegraded, true)
        while (!stranger.lines.length) await sleep(20)
        assert.match(stranger.lines[0], /WRONGPASS/)
      } finally {
        await stranger.close()
      }
    })

    it('takes nothing back from another instance when it was itself stopped for too long', async () => {
      const clock = new SystemClock()
      let behind = 0
      const stopped = createRedisInstance(server.url, Object.assign(Object.create(clock), {
        monotonic: () => clock.monotonic() + behind,
        // Its timers do not fire.
        setTimeout: () => undefined,
      }))
      try {
        const lease = await stopped.service.acquire('lease', 1000, 'mine')
        const place = await stopped.service.join('queue', { ttlMs: 1000, capacity: 10 })
        await sleep(1200)
        behind = 1200
        const taken = await other.service.acquire('lease', 3000, 'taken')
        assert.ok(taken)
        assert.equal(await lease!.write('late'), false)
        assert.equal(lease!.lost.aborted, true)
        assert.equal((await other.service.inspect('lease'))!.value, 'taken')
        assert.equal((await other.service.join('queue', { ttlMs: 3000, capacity: 10 }))!.ahead, 0)
        await place!.leave()
      } finally {
        await stopped.close()
      }
    })
  })
})
