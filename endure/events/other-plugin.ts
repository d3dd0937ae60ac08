import type { ThrowingPlace } from '../inside/actions'
import type { EventKind } from './kind'

/** Another plugin throws where Koishi calls it. */
function throwing(place: Exclude<ThrowingPlace, 'timer'>): EventKind {
  return {
    name: `another plugin throws in a ${place}`,
    async run({ instance }, tally, size) {
      for (let round = 0; round < size(2, 20); round++) {
        await instance.call('throw', place)
        tally.happened()
        await tally.ask()
        await tally.askAfterwards()
      }
    },
  }
}

export const throwingMiddleware = throwing('middleware')
export const throwingListener = throwing('listener')

/** An exception outside of everything ends the worker; the launcher starts another one. */
export const throwingTimer: EventKind = {
  name: 'another plugin throws in a timer',
  isDowntime: true,
  async run({ instance }, tally, size) {
    for (let round = 0; round < size(1, 4); round++) {
      const from = instance.position
      await tally.inTheMiddle(async () => {
        await instance.call('throw', 'timer')
        tally.happened()
        await instance.prints('Ready.', from)
      })
      await tally.askAfterwards()
    }
  },
}
