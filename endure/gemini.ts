import { createGemini, scenarios } from 'testkit'
import type { Gemini, GeminiRequest, Scenario } from 'testkit'

/** How Gemini responds. `steady`: an answer that grows for seconds, for what happens in the middle of it. */
export type GeminiMood = 'normal' | 'steady' | 'slow' | 'limited' | 'exhausted' | 'overloaded' | 'broken' | 'unreachable' | 'silent'

/** The beginning of every answer of Gemini: what a person gets without it is a sentence of the bot. */
export const ANSWER = '答：'

const scenario: Record<GeminiMood, (question: string, gapMs: number) => Scenario> = {
  normal: question => scenarios.text(ANSWER, 20, question, 20, '。'),
  steady: (question, gap) => ({ ...scenarios.text(ANSWER, ...Array.from(question.slice(0, 10)), '。'), gap }),
  slow: question => scenarios.text(2500, ANSWER, 2500, question),
  limited: () => scenarios.rateLimited(1),
  exhausted: () => scenarios.dailyQuota(),
  overloaded: () => scenarios.overloaded(),
  broken: () => scenarios.dropped(ANSWER),
  unreachable: () => ({ ...scenarios.dropped(), events: [] }),
  silent: () => scenarios.silent(),
}

export class MoodyGemini {
  mood: GeminiMood = 'normal'

  /** Moods for single questions. */
  private readonly moods = new Map<string, GeminiMood>()

  private constructor(readonly server: Gemini) {}

  /** @param gapMs milliseconds between two pieces of a steady answer, of which there are about ten */
  static async create(gapMs: number): Promise<MoodyGemini> {
    const gemini = new MoodyGemini(await createGemini())
    gemini.server.respond(({ question }: GeminiRequest) => scenario[gemini.moodFor(question)](question, gapMs))
    return gemini
  }

  /** Is in a mood whenever it is asked this question. */
  expect(question: string, mood: GeminiMood) {
    this.moods.set(question, mood)
  }

  private moodFor(text: string): GeminiMood {
    for (const [question, mood] of this.moods) if (text.includes(question)) return mood
    return this.mood
  }

  /** Runs a task while Gemini is in a mood. */
  async during(mood: GeminiMood, task: () => Promise<unknown>) {
    this.mood = mood
    try {
      await task()
    } finally {
      this.mood = 'normal'
    }
  }
}
