import type { EventKind } from './kind'

/** Latest moment of a stop within an answer of three seconds. */
const ANSWER_MS = 4000
/**
 * Earliest moment of a stop in the short run: DingTalk does not deliver again what was acknowledged, so that a process
 * that is killed before anything of its answer is shown leaves nothing, which the full run counts as a failure.
 */
const SHOWN_MS = 1500

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
        }, world.random.between(size(SHOWN_MS, 0), ANSWER_MS))
        await tally.askAfterwards()
      }
    },
  }
}

export const terminated = ending('SIGTERM and restart at a random moment', 'stop')
export const killed = ending('kill -9 and restart at a random moment', 'kill')
