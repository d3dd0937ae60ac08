import type { EventKind } from './kind'

const HOUR_MS = 3_600_000

/** The clock of the machine is set an hour forward, and back, while questions are being answered. */
export const steppedClock: EventKind = {
  name: 'the clock is set an hour forward and back',
  async run({ instance }, tally, size) {
    for (let round = 0; round < size(1, 10); round++) {
      for (const offset of [HOUR_MS, 0, -HOUR_MS, 0].slice(0, size(2, 4))) {
        await tally.inTheMiddle(() => instance.call('clock', offset))
        tally.happened()
        await tally.askAfterwards()
      }
    }
  },
}
