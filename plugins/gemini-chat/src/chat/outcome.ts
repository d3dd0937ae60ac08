import type { Session } from 'koishi'
import { EngineError } from '../engine/error'
import type { AttemptResult } from '../model/ask'
import { countTokens } from '../usage/record'
import type { ChatContext } from './context'

/** How a question ended. Contains no text of the question or the answer. */
export interface Outcome {
  result: 'answered' | 'interrupted' | 'failed' | 'stopped' | 'refused'
  /** Why there is no complete answer: the kind of an error, or the limit that refused the question. */
  reason?: string
  /** The model that was asked last. */
  model?: string
  promptTokens: number
  answerTokens: number
  /** Milliseconds from the request to the end of the answer. */
  ms: number
  /** Milliseconds from the request to the first text. */
  firstTextMs?: number
}

/** Measures one answer, and tells listeners of `gemini/outcome` how it ended. */
export class OutcomeMeter {
  private readonly began: number
  private firstTextMs?: number
  /** Tokens of the rounds that ended with calls of tools. */
  private readonly earlier = { prompt: 0, answer: 0 }

  constructor(private readonly context: Pick<ChatContext, 'ctx' | 'clock'>, private readonly session: Session) {
    this.began = context.clock.monotonic()
  }

  /** Called with every text; only the first one counts. */
  text() {
    this.firstTextMs ??= this.elapsed
  }

  /** Called when a round has ended with calls of tools: the model is asked again. */
  round({ usage, estimate }: AttemptResult) {
    const { prompt, answer } = countTokens(usage, estimate)
    this.earlier.prompt += prompt
    this.earlier.answer += answer
  }

  /** @param error what interrupted the answer, if anything */
  end({ model, usage, estimate }: AttemptResult, signal: AbortSignal, error?: unknown) {
    const { prompt, answer } = countTokens(usage, estimate)
    const { context: { ctx }, session, earlier, firstTextMs } = this
    const outcome: Outcome = {
      result: signal.aborted ? 'stopped' : !error ? 'answered' : firstTextMs === undefined ? 'failed' : 'interrupted',
      ...error instanceof EngineError && !signal.aborted && { reason: error.kind },
      ...model && { model },
      promptTokens: earlier.prompt + prompt,
      answerTokens: earlier.answer + answer,
      ms: this.elapsed,
      firstTextMs,
    }
    ctx.emit(session, 'gemini/outcome', outcome, session)
  }

  private get elapsed() {
    return Math.round(this.context.clock.monotonic() - this.began)
  }
}

/** Tells listeners of `gemini/outcome` that a question was refused before any model was asked. */
export function reportRefusal({ ctx }: Pick<ChatContext, 'ctx'>, session: Session, reason: string) {
  ctx.emit(session, 'gemini/outcome', { result: 'refused', reason, promptTokens: 0, answerTokens: 0, ms: 0 }, session)
}
