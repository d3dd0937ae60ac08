import type { EventKind } from './kind'

/** Latest moment of a stop within an answer of three seconds. */
const ANSWER_MS = 4000

/** The instance ends at a random moment of running answers, and starts anew. */
function ending(name: string, end: 'stop' | 'kill'): EventKind {
  return {
    name,
    isDowntime: true,
    async run(world, tally, size) {
      for (let round = 0; round < size(1, 30); round++) {
        await tally.inTheMiddle(async () => {
          await world.instance[end]()
          tally.happened()
          await world.instance.start()
        }, world.random.between(0, ANSWER_MS))
        await tally.askAfterwards()
      }
    },
  }
}

export const terminated = ending('SIGTERM and restart at a random moment', 'stop')
export const killed = ending('kill -9 and restart at a random moment', 'kill')
