import assert from 'node:assert/strict'
import { until } from 'common/testing'
import { SystemClock } from 'common/time'
import { MovingAddress } from '../support/moving-address'
import { RedisServer } from '../support/redis'
import { createRedisInstance } from '../support/redis-instance'

describe('a failover of Redis', function() {
  this.timeout(120_000)
  type TestInstance = ReturnType<typeof createRedisInstance>
  let primary: RedisServer, replica: RedisServer, address: MovingAddress
  const instances: TestInstance[] = []
  const parts: { close(): Promise<void> }[] = []

  beforeEach(async () => {
    parts.push(primary = await RedisServer.start())
    parts.push(replica = await RedisServer.start())
    parts.push(address = await MovingAddress.start(primary.port))
    await replica.follow(primary)
  })
  afterEach(async () => {
    for (const part of [...instances.splice(0), ...parts.splice(0).reverse()]) await part.close()
  })

  async function start(): Promise<TestInstance> {
    const instance = createRedisInstance(primary.url.replace(`:${primary.port}/`, `:${address.port}/`), new SystemClock())
    instances.push(instance)
    await instance.service.start()
    assert.equal(instance.service.isDegraded, false)
    return instance
  }

  async function promote() {
    await replica.command('REPLICAOF', 'NO', 'ONE')
    address.moveTo(replica.port)
  }

  for (const [how, failOver] of [
    ['the former primary is a replica, and connections to it stand', async () => {
      await promote()
      await primary.follow(replica)
    }],
    ['the former primary is gone, and so are the connections to it', async () => {
      await primary.stop()
      await promote()
    }],
    ['the former primary hangs, and connections to it stand', async () => {
      primary.pause()
      await promote()
    }],
  ] as const) {
    it(`lets instances go on together: ${how}`, async () => {
      const [one, other] = [await start(), await start()]
      const lines = () => [...one.lines, ...other.lines].join('\n')
      const lease = await one.service.acquire('lease', 60_000, 'before')
      const place = await one.service.join('queue', { ttlMs: 60_000, capacity: 10 })
      await one.service.claim('message', 'one', 60_000)
      await until(async () => await replica.command('GET', 'spec:value:message') === 'one', lines)

      await failOver()
      // Each notices with its next change, and acts alone until it has reached the new primary.
      assert.equal(await lease!.write('after'), true)
      await other.service.set('other', 'changed', 60_000)
      await until(async () => await replica.command('HGET', 'spec:lease:lease', 'value') === 'after', lines)
      await until(async () => await replica.command('GET', 'spec:value:other') === 'changed', lines)
      await until(() => !one.service.isDegraded && !other.service.isDegraded, lines)
      assert.equal(await other.service.acquire('lease', 60_000), undefined)
      assert.equal(await other.service.claim('message', 'other', 60_000), 'one')
      assert.equal(lease!.lost.aborted, false)
      assert.equal(await place!.confirm(), true)
      assert.equal((await other.service.join('queue', { ttlMs: 60_000, capacity: 10 }))!.ahead, 1)

      const heard: string[] = []
      other.service.subscribe('topic', text => heard.push(text))
      await until(async () => {
        one.service.publish('topic', 'again')
        return heard.length > 0
      }, lines)
      assert.equal(await replica.command('PUBSUB', 'NUMSUB', 'spec:topic:topic').then(String), 'spec:topic:topic,1')
    })
  }

  it('counts as not answering while the address leads to a replica', async () => {
    const one = await start()
    await replica.command('REPLICAOF', 'NO', 'ONE')
    await primary.follow(replica)
    await one.service.set('value', 'alone', 60_000)
    await until(() => one.lines.length > 1, () => one.lines.join('\n'))
    assert.equal(one.service.isDegraded, true)
    assert.match(one.lines[1], /^Redis does not answer \(READONLY .*\): this instance acts alone/)
    assert.equal(await one.service.get('value'), 'alone')
    address.moveTo(replica.port)
    await until(() => !one.service.isDegraded, () => one.lines.join('\n'))
    await until(async () => await replica.command('GET', 'spec:value:value') === 'alone')
  })

  it('counts as not answering while its memory is full', async () => {
    const one = await start()
    await primary.command('CONFIG', 'SET', 'maxmemory', '1')
    await one.service.set('value', 'alone', 60_000)
    await until(() => one.lines.length > 1, () => one.lines.join('\n'))
    assert.match(one.lines[1], /^Redis does not answer \(OOM .*\): this instance acts alone/)
    await primary.command('CONFIG', 'SET', 'maxmemory', '0')
    await until(() => !one.service.isDegraded, () => one.lines.join('\n'))
    await until(async () => await primary.command('GET', 'spec:value:value') === 'alone')
  })
})
