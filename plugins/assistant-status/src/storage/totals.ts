import type { Counts } from './tables'

/** All questions, however they ended. */
export function questionsOf({ answered, interrupted, failed, stopped, refused }: Counts): number {
  return answered + interrupted + failed + stopped + refused
}

export function tokensOf({ promptTokens, answerTokens }: Counts): number {
  return promptTokens + answerTokens
}
