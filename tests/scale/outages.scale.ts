import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from 'common/testing'
import { SystemClock } from 'common/time'
import { RedisServer } from '../support/redis'
import { createRedisInstance } from '../support/redis-instance'

describe('Redis that is away', function() {
  this.timeout(180_000)
  let server: RedisServer
  before(async () => {
    server = await RedisServer.start()
  })
  after(() => server?.close())

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
    await Promise.all([one?.close(), other?.close()])
  })

  const lines = () => [...one.lines, ...other.lines].join('\n')
  const degraded = (expected: boolean) => until(async () => {
    await Promise.all([one.service.get('any'), other.service.get('any')])
    return one.service.isDegraded === expected && other.service.isDegraded === expected
  }, lines)

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
      await until(() => other.service.inspect('lease'), lines)
      assert.deepEqual(await other.service.inspect('lease'), { value: 'after', isHeld: true })
      assert.equal(await other.service.acquire('lease', 3000), undefined)
      await until(async () => {
        const behind = await other.service.join('queue', { ttlMs: 30_000, capacity: 10 })
        if (behind!.ahead === 1) return true
        await behind!.leave()
      }, lines)
      assert.equal(place!.lost.aborted, false)
      const heard: string[] = []
      other.service.subscribe('topic', text => heard.push(text))
      await until(() => {
        one.service.publish('topic', 'again')
        return heard.length
      }, lines)
    })
  }

  it('has what instances hold, though none of them asked it while it was started again, empty', async () => {
    const lease = await one.service.acquire('lease', 60_000, 'before')
    const place = await one.service.join('queue', { ttlMs: 60_000, capacity: 10 })
    await server.stop()
    await server.run()
    await until(async () => (await other.service.inspect('lease'))?.value === 'before')
    assert.deepEqual(await other.service.inspect('lease'), { value: 'before', isHeld: true })
    assert.equal((await other.service.join('queue', { ttlMs: 60_000, capacity: 10 }))!.ahead, 1)
    assert.equal(await place!.confirm(), true)
    assert.equal(await lease!.write('after'), true)
  })

  it('logs one line for the failure and one for its end, without the password', async () => {
    await server.stop()
    await degraded(true)
    await until(() => one.lines.some(line => line.startsWith('Redis')), lines)
    await server.run()
    await degraded(false)
    const [failure, end, ...more] = one.lines.filter(line => line.startsWith('Redis'))
    assert.match(failure, /^Redis does not answer \(.*ECONNREFUSED.*\): this instance acts alone/)
    assert.match(end, /answers again/)
    assert.deepEqual(more, [])
    assert.doesNotMatch(one.lines.join(), /spec-password/)
  })

  it('says why it does not answer when the password is wrong', async () => {
    const stranger = createRedisInstance(server.url.replace('spec-', 'other-'), new SystemClock())
    try {
      await stranger.service.start()
      assert.equal(await stranger.service.claim('message', 'alone', 1000), 'alone')
      assert.equal(stranger.service.isDegraded, true)
      await until(() => stranger.lines.length)
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
      const taken = await other.service.acquire('lease', 60_000, 'taken')
      assert.ok(taken)
      assert.equal(await lease!.write('late'), false)
      assert.equal(lease!.lost.aborted, true)
      assert.equal((await other.service.inspect('lease'))!.value, 'taken')
      assert.equal((await other.service.join('queue', { ttlMs: 60_000, capacity: 10 }))!.ahead, 0)
      await place!.leave()
    } finally {
      await stopped.close()
    }
  })
})
