import { estimateContents, estimateText } from '../conversation/tokens'
import type { EngineEvent, EngineRequest } from '../engine/types'

/** Estimated tokens of one attempt. */
export interface TokenEstimate {
  inputTokens: number
  /** The answer and the thoughts. */
  outputTokens: number
}

/**
 * Counts what an attempt receives. Some relays report no token counts, and an answer that is stopped early has none
 * yet, but limits must hold all the same.
 */
export class ReceivedTokens {
  /** Whether anything was received. */
  isSome = false
  private outputTokens = 0

  take(event: EngineEvent) {
    if (event.type === 'end') return
    this.isSome = true
    if (event.type === 'text' || event.type === 'thought') this.outputTokens += estimateText(event.text)
  }

  /** @param request as it was sent */
  estimate({ contents, system = '' }: EngineRequest): TokenEstimate {
    return { inputTokens: estimateContents(contents) + estimateText(system), outputTokens: this.outputTokens }
  }
}
