import type { EventKind } from './events/kind'
import type { GrowthLine } from './growth'
import type { Tally } from './tally'

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

/** Prints one line per kind of event and per thing that could grow, and collects what failed. */
export class Report {
  readonly failures: string[] = []

  event({ name, isDowntime }: EventKind, tally: Tally, durationMs: number) {
    const { times, outcomes, longestSilence, notes } = tally
    const [answers, sentences, refused, nothing] = (['answer', 'sentence', 'refused', 'nothing'] as const)
      .map(ending => tally.count(ending))
    const problems = [...tally.problems]
    for (const { platform, ending, text } of outcomes) {
      if (ending === 'nothing') problems.push(`a question on ${platform} stayed without an answer: ${JSON.stringify(text.slice(0, 200))}`)
      if (ending === 'refused' && !isDowntime) problems.push(`a question on ${platform} was refused`)
    }
    const parts = [
      `${times} times`, `${outcomes.length} questions`, `${answers} answered`, `${sentences} got a sentence`,
      ...refused ? [`${refused} refused while it was down`] : [], ...nothing ? [`${nothing} GOT NOTHING`] : [],
      `longest silence ${seconds(longestSilence)}`, ...notes,
    ]
    this.line(!problems.length, `${name}: ${parts.join(', ')} (${seconds(durationMs)})`)
    for (const problem of problems) console.log(`    ${problem}`)
  }

  /** A round that others follow: a month takes hours, and its results come in the last one. */
  progress({ name }: EventKind, round: number, rounds: number, durationMs: number) {
    console.log(`  round ${round} of ${rounds}: ${name} (${seconds(durationMs)})`)
  }

  growth(lines: readonly GrowthLine[]) {
    for (const { isMet, text, values = [] } of lines) {
      this.line(isMet, text)
      for (const value of values) console.log(`    ${value}`)
    }
  }

  line(isMet: boolean, text: string) {
    if (!isMet) this.failures.push(text)
    console.log(`${isMet ? '✓' : '✗'} ${text}`)
  }
}
