import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { RedisConnection } from '../../plugins/shared-state/src/redis/connection'
import { RedisBackend } from '../../plugins/shared-state/src/redis/redis-backend'
import { RedisServer } from '../support/redis'

const TTL_MS = 60_000
/** What looking at the counts does itself. */
const OWN = /^(auth|client|config|hello|info|ping)(\||$)/

describe('operations of Redis', function() {
  this.timeout(60_000)
  let server: RedisServer, connection: RedisConnection, backend: RedisBackend
  before(async () => {
    server = await RedisServer.start()
    connection = new RedisConnection(server.url, () => {})
    await connection.settled
    backend = new RedisBackend(connection, 'spec')
  })
  after(async () => {
    connection?.close()
    await server?.close()
  })

  /** Those that a task takes, by name, when its scripts have been loaded. */
  async function count(task: () => Promise<unknown>) {
    await task()
    await server.command('FLUSHDB')
    await server.resetOperations()
    await task()
    const operations = Object.entries(await server.operations()).filter(([name]) => !OWN.test(name))
    return Object.fromEntries(operations)
  }

  const acquire = () => backend.acquireLease('key', 'holder', TTL_MS, 'value', 'group')
  const acquired = { evalsha: 1, time: 1, hmget: 1, hset: 1, pexpire: 2, zadd: 1 }
  const join = () => backend.joinQueue('queue', 'ticket', TTL_MS, 10)
  const joined = { evalsha: 1, time: 1, zrangebyscore: 1, zcard: 1, zadd: 2, pexpire: 2 }

  const increment = (id: string) => backend.increment(id, [
    { key: 'day', field: 'a', by: 1 }, { key: 'day', field: 'b', by: 1 }, { key: 'all', field: 'a', by: 1 },
  ], TTL_MS)

  /** What `task` takes beyond what comes before it. */
  function beyond(all: Record<string, number>, before: Record<string, number>) {
    const rest = Object.entries(all).map(([name, calls]) => [name, calls - (before[name] ?? 0)] as const)
    return Object.fromEntries(rest.filter(([, calls]) => calls))
  }

  for (const [what, task, expected] of [
    ['a claim', () => backend.claim('message', 'turn', TTL_MS), { set: 1 }],
    ['a lease', acquire, acquired],
    ['two limits', () => backend.take([{ key: 'a', max: 9 }, { key: 'b', max: 9 }], 'holder', TTL_MS), {
      evalsha: 1, time: 1, zremrangebyscore: 2, zcard: 2, zadd: 2, pexpire: 2,
    }],
    ['a place in an empty queue', join, joined],
    ['counts of two keys', () => increment(randomUUID()), {
      evalsha: 1, set: 1, hlen: 2, hincrby: 3, pexpire: 2,
    }],
    ['a look at counts', () => backend.counts('day'), { hgetall: 1 }],
    ['a look at a lease', () => backend.inspectLease('key'), { evalsha: 1, time: 1, hmget: 1 }],
  ] as const) {
    it(`are few for ${what}`, async () => assert.deepEqual(await count(task), expected))
  }

  for (const [what, before, done, task, expected] of [
    ['a change that is shown', acquire, acquired, () => backend.renewLease('key', 'holder', 1, TTL_MS, 'next', 'group'), {
      evalsha: 1, time: 1, hmget: 1, hset: 1, pexpire: 1, zadd: 1,
    }],
    ['the end of a lease', acquire, acquired, () => backend.releaseLease('key', 'holder', 1, 'group'), {
      evalsha: 1, hmget: 1, hdel: 1, zrem: 1,
    }],
    ['the end of a place', join, joined, () => backend.leaveQueue('queue', { id: 'ticket', order: 0 }), {
      evalsha: 1, zrem: 2, zcard: 1,
    }],
  ] as const) {
    it(`are few for ${what}`, async () => {
      const all = await count(async () => {
        await before()
        await task()
      })
      assert.deepEqual(beyond(all, done), expected)
    })
  }
})
