import { createGemini, scenarios } from 'testkit'
import type { Gemini, GeminiRequest, Scenario } from 'testkit'

/** How Gemini responds. `steady`: an answer that grows for three seconds, for what happens in the middle of it. */
export type GeminiMood = 'normal' | 'steady' | 'slow' | 'limited' | 'exhausted' | 'overloaded' | 'broken' | 'unreachable' | 'silent'

/** The beginning of every answer of Gemini: what a person gets without it is a sentence of the bot. */
export const ANSWER = '答：'

const scenario: Record<GeminiMood, (question: string) => Scenario> = {
  normal: question => scenarios.text(ANSWER, 20, question, 20, '。'),
  steady: question => ({ ...scenarios.text(ANSWER, ...Array.from(question.slice(0, 10)), '。'), gap: 250 }),
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

  private constructor(readonly server: Gemini) {}

  static async create(): Promise<MoodyGemini> {
    const gemini = new MoodyGemini(await createGemini())
    gemini.server.respond(({ question }: GeminiRequest) => scenario[gemini.mood](question))
    return gemini
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
