import type { BilingualText } from '../instance/bilingual'
import type { TemplateCard } from '../terminal/card'

/** One state of an answer. */
export interface AnswerState {
  /** The whole text up to now. */
  content: string
  finish: boolean
  /** The card that came with this state. */
  card?: TemplateCard
}

/** WeCom as the demo plays it: how the instance is connected to it, and how a person asks. */
export interface Platform {
  /** Environment variables of the instance. */
  env: Record<string, string>
  introduction: BilingualText
  /** Asks a question. Yields the states of the answer, the last one with `finish`. */
  ask(question: string): AsyncIterable<AnswerState>
  /**
   * How the answer came.
   * @param states number of its states
   */
  summary(states: number): BilingualText
  /** Lets a person chat in the terminal, where that is possible. @returns the exit code */
  chat?(): Promise<number>
  close(): Promise<void>
}
