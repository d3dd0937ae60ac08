import type { EventKind } from './kind'

/** Questions, and nothing else. */
export const ordinaryQuestions: EventKind = {
  name: 'ordinary questions',
  async run(_world, tally, size) {
    for (let round = 0; round < size(3, 20); round++) {
      tally.happened()
      await Promise.all([tally.askAfterwards(), tally.askAfterwards()])
    }
  },
}
