import assert from 'node:assert/strict'
import { SystemClock } from 'common/time'
import { freePort } from 'testkit'
import { examineRedis } from '../../bin/doctor/redis'
import { RedisServer } from '../support/redis'
import { createRedisInstance } from '../support/redis-instance'

describe('npm run doctor, for Redis', function() {
  this.timeout(60_000)
  let server: RedisServer
  before(async () => { server = await RedisServer.start() })
  after(() => server.close())

  async function examine(url: string) {
    const findings: string[] = []
    for await (const { state, text: [path, params], hint } of examineRedis(url)) {
      const { instances } = (params ?? {}) as { instances?: number }
      findings.push([state, path.replace('doctor.', ''), instances, hint?.[0]].filter(part => part !== undefined).join(' '))
    }
    return findings
  }

  it('counts the instances, without being one of them', async () => {
    assert.deepEqual(await examine(server.url), ['ok redis 0', 'note redis-not-persistent doctor.hints.redis-persistence'])
    const instances = [1, 2].map(() => createRedisInstance(server.url, new SystemClock(), { prefix: 'koishi' }))
    for (const { service } of instances) await service.start()
    assert.equal((await examine(server.url))[0], 'ok redis 2')
    assert.equal((await examine(server.url))[0], 'ok redis 2')
    for (const instance of instances) await instance.close()
    assert.equal((await examine(server.url))[0], 'ok redis 0')
  })

  it('warns of a server that drops data', async () => {
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    assert.ok((await examine(server.url)).includes('problem redis-eviction doctor.hints.redis-eviction'))
  })

  it('tells a wrong password from a server that cannot be reached', async () => {
    const wrong = await examine(server.url.replace(server.password, 'wrong'))
    assert.deepEqual(wrong, ['problem redis-failed doctor.hints.redis-password'])
    const away = await examine(`redis://:secret@127.0.0.1:${await freePort()}/0`)
    assert.deepEqual(away, ['problem redis-failed doctor.hints.redis-network'])
  })
})
