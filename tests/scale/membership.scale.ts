import assert from 'node:assert/strict'
import { FakeClock, until } from 'common/testing'
import { createRedisInstance } from '../support/redis-instance'
import { RedisServer } from '../support/redis'

describe('instances that come and go', function() {
  this.timeout(60_000)
  let server: RedisServer
  const running: ReturnType<typeof createRedisInstance>[] = []
  before(async () => {
    server = await RedisServer.start()
  })
  afterEach(async () => {
    for (const instance of running.splice(0)) await instance.close()
  })
  after(() => server?.close())

  /** Time stands still: nothing is known by asking again. */
  function add(prefix: string) {
    const instance = createRedisInstance(server.url, new FakeClock(), { prefix })
    running.push(instance)
    return instance.service
  }

  const sees = (one: ReturnType<typeof add>, ...others: ReturnType<typeof add>[]) => until(() => {
    return String(one.instances) === String(others.map(({ instance }) => instance).sort())
  }, () => `${one.instance} sees ${one.instances.join(', ')}`)

  it('are known to each other at once', async () => {
    const [one, two, three] = Array.from({ length: 3 }, () => add('coming'))
    // A message arrives only once the server knows the subscription.
    await one.start()
    await until(async () => Number((await server.command('PUBSUB', 'NUMSUB', 'coming:topic:instances') as unknown[])[1]) === 1)
    await two.start()
    await sees(one, one, two)
    await until(async () => Number((await server.command('PUBSUB', 'NUMSUB', 'coming:topic:instances') as unknown[])[1]) === 2)
    await three.start()
    for (const each of [one, two, three]) await sees(each, one, two, three)
    await two.leave()
    await sees(one, one, three)
    await sees(two, one, three)
    await Promise.all([one.leave(), three.leave()])
    for (const each of [one, two, three]) await sees(each)
    await assert.doesNotReject(one.set('value', 'text', 1000))
  })
})
