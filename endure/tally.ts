import type { GeminiMood } from './gemini'
import type { Ending, Outcome } from './outcome'
import type { World } from './world'

/** Counts what became of the questions of one kind of event. */
export class Tally {
  times = 0
  readonly outcomes: Outcome[] = []
  readonly problems: string[] = []
  /** More to say about it, for its line. */
  readonly notes: string[] = []

  constructor(private readonly world: World) {}

  /** The event happened once more. */
  happened(times = 1) {
    this.times += times
  }

  /**
   * Asks one question on each platform, at the same time.
   * @param mood Gemini's, for these questions
   */
  async ask(mood?: GeminiMood): Promise<Outcome[]> {
    const outcomes = await this.world.ask(mood)
    this.outcomes.push(...outcomes)
    return outcomes
  }

  /** Asks, and takes nothing but an answer: the event is over, and must have no consequences. */
  async askAfterwards() {
    for (const { platform, ending, text } of await this.ask()) {
      if (ending !== 'answer') this.problems.push(`${platform} did not recover: ${ending} ${JSON.stringify(text.slice(0, 200))}`)
    }
  }

  /** Does something while a question on each platform is being answered. */
  async inTheMiddle(task: () => Promise<unknown>, delayMs = 900) {
    await this.world.gemini.during('steady', async () => {
      const asking = this.ask()
      await this.world.sleep(delayMs)
      await task()
      await asking
    })
  }

  /** A fault that no question shows. */
  require(isMet: boolean, problem: string) {
    if (!isMet) this.problems.push(problem)
  }

  count(ending: Ending): number {
    return this.outcomes.filter(outcome => outcome.ending === ending).length
  }

  /** In milliseconds. */
  get longestSilence(): number {
    return Math.max(0, ...this.outcomes.map(({ silence }) => silence))
  }
}
