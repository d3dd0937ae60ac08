import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Clock } from 'common/time'
import type { Config } from './config'
import { MemoryBackend } from './memory/memory-backend'
import type { CircuitOptions } from './redis/circuit'
import { Circuit } from './redis/circuit'
import { RedisConnection } from './redis/connection'
import { firstConnection } from './redis/first-connection'
import { GuardedBackend } from './redis/guarded-backend'
import { RedisBackend } from './redis/redis-backend'
import { SharedStateService } from './service/shared-state-service'

/** A service, and what ends it. */
export interface Running {
  service: SharedStateService
  close(): Promise<void>
}

/** Shared state in Redis if there is a URL, else in the memory of this process. */
export function createService({ url, prefix }: Config, clock: Clock, logger: CircuitOptions['logger']): Running {
  const instance = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`
  const memory = new MemoryBackend(clock)
  if (!url) {
    const service = new SharedStateService(memory, { instance, clock, isShared: false })
    return { service, close: () => service.dispose() }
  }
  const connection = new RedisConnection(url, () => circuit.open())
  const redis = new RedisBackend(connection, prefix)
  const circuit: Circuit = new Circuit({
    clock,
    logger,
    started: firstConnection(connection.settled, clock),
    probe: () => redis.probe(),
    reasonOf: error => connection.reasonOf(error),
    reconnect: () => connection.reconnect(),
    healed: () => service.restore(),
  })
  const backend = new GuardedBackend(redis, memory, circuit)
  const service = new SharedStateService(backend, {
    instance,
    clock,
    isShared: true,
    circuit,
    changed: names => logger.info('instances that share their state: %d (%s)', names.length, names.join(', ')),
  })
  return {
    service,
    async close() {
      await service.dispose()
      circuit.dispose()
      connection.close()
    },
  }
}
