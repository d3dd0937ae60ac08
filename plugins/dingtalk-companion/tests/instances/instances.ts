import { FakeClock } from 'common/testing'
import { MemoryBackend, SharedStateService } from '../../../../tests/support/shared-state'

/** Instances that share state, each with a clock of its own, which stands still once the instance has died. */
export function createSharedState() {
  const clock = new FakeClock()
  const backend = new MemoryBackend(clock)

  function add(instance: string) {
    const own = new FakeClock()
    const circuit = { isOpen: false, isRecovering: false, epoch: 0 }
    const service = new SharedStateService(backend, { instance, clock: own, isShared: true, circuit })
    return { clock: own, circuit, service }
  }

  return {
    clock,
    add,
    /** Lets time pass for the server and for the clocks of what is alive. */
    async pass(ms: number, ...alive: { clock: FakeClock }[]) {
      for (let left = ms; left > 0; left -= 250) {
        for (const each of [{ clock }, ...alive]) await each.clock.advance(250)
        await new Promise(resolve => setImmediate(resolve))
      }
    },
  }
}
