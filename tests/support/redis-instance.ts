import { format } from 'node:util'
import type { Clock } from 'common/time'
import { createService } from '../../plugins/shared-state/src/create-service'

/** The shared state of one instance, connected to a server, with what it logs. */
export function createRedisInstance(url: string, clock: Clock, { prefix = 'spec' } = {}) {
  const lines: string[] = []
  const log = (...args: unknown[]) => void lines.push(format(...args))
  const { service, close } = createService({ url, prefix }, clock, { info: log, warn: log } as never)
  return { service, lines, close }
}
