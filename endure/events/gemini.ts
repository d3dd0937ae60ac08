import type { GeminiMood } from '../gemini'
import type { EventKind } from './kind'

/** Gemini in one of its bad moods, and then well again. */
function badMood(name: string, moods: GeminiMood[]): EventKind {
  return {
    name,
    async run(world, tally, size) {
      for (let round = 0; round < size(1, 4); round++) {
        const meet = (mood: GeminiMood) => {
          tally.happened()
          return tally.ask(mood)
        }
        // One after the other in the full run.
        if (size(1, 0)) await Promise.all(moods.map(meet))
        else for (const mood of moods) await meet(mood)
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
