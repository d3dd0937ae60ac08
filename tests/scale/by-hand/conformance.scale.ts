import { setTimeout as sleep } from 'node:timers/promises'
import { SystemClock } from 'common/time'
import { itSharesState } from '../../../plugins/shared-state/tests/conformance'
import { RedisServer } from '../../support/redis'
import { createRedisInstance } from '../../support/redis-instance'

describe('shared state in Redis', function() {
  this.timeout(60_000)
  let server: RedisServer
  before(async () => {
    server = await RedisServer.start()
  })
  after(() => server?.close())

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
