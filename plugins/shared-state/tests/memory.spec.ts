import { FakeClock } from 'common/testing'
import { MemoryBackend } from '../src/memory/memory-backend'
import { SharedStateService } from '../src/service/shared-state-service'
import { itSharesState } from './conformance'

describe('shared state in memory', () => {
  itSharesState(async () => {
    const clock = new FakeClock()
    const backend = new MemoryBackend(clock)
    const services: SharedStateService[] = []
    return {
      add() {
        const service = new SharedStateService(backend, { instance: `instance-${services.length}`, clock, isShared: true })
        services.push(service)
        return service
      },
      pass: ms => clock.advance(ms),
      async close() {
        for (const service of services) await service.dispose()
      },
    }
  })
})
