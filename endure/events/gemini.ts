import type { GeminiMood } from '../gemini'
import type { EventKind } from './kind'

/** Gemini in one of its bad moods, and then well again. */
function badMood(name: string, moods: GeminiMood[]): EventKind {
  return {
    name,
    async run(world, tally, size) {
      for (let round = 0; round < size(1, 4); round++) {
        for (const mood of moods) {
          await world.gemini.during(mood, async () => {
            tally.happened()
            await tally.ask()
          })
        }
        // A used-up quota is back the next day.
        if (moods.includes('exhausted')) await world.pass(86_400_000)
        await tally.askAfterwards()
      }
    },
  }
}

export const geminiDown = badMood('Gemini is down', ['overloaded', 'unreachable', 'broken', 'silent'])
export const geminiSlow = badMood('Gemini is slow', ['slow'])
export const geminiLimited = badMood('Gemini is limited', ['limited', 'exhausted'])
