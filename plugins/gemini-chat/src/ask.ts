import type { Clock } from './clock'
import { GeminiError } from './engine/error'
import type { Content, Engine, EngineEvent, EngineRequest } from './engine/types'
import { Attempts, type Route } from './route'

/** A question, before it is known which model will answer it. */
export type Question = Omit<EngineRequest, 'model'>

export interface AskOptions {
  engine: Engine
  route: Route
  /** How often to try again after a failure that may pass. */
  retries: number
  clock: Clock
  random: () => number
  signal: AbortSignal
}

/**
 * Asks until there is an answer or nothing left to try. What a failed try brought is not seen from outside: events are
 * held back until the first visible character, and after it nothing is tried again.
 * @throws {GeminiError} the last failure
 */
export async function* ask(question: Question, options: AskOptions): AsyncGenerator<EngineEvent> {
  const { engine, signal, clock } = options
  const attempts = new Attempts(options.route, options.retries, options.random)
  for (;;) {
    const { key, model, unsigned } = attempts
    const contents = unsigned ? withoutSignatures(question.contents) : question.contents
    const held: EngineEvent[] = []
    let visible = false
    try {
      for await (const event of engine.stream({ ...question, contents, model }, { key, signal })) {
        visible ||= event.type === 'text' && event.text.trim() !== ''
        held.push(event)
        if (visible) yield* held.splice(0)
      }
      return yield* held
    } catch (error) {
      if (visible || signal.aborted || !(error instanceof GeminiError)) throw error
      const wait = attempts.next(error)
      if (wait === undefined) throw error
      await clock.sleep(wait, signal)
      if (signal.aborted) throw new GeminiError('aborted', 'the request was aborted')
    }
  }
}

/** A signature may be refused after a change of model or key. Without one the text itself is as good as before. */
function withoutSignatures(contents: Content[]): Content[] {
  return contents.map(({ role, parts }) => {
    const bare = parts.map(({ thoughtSignature, ...part }) => part)
    return { role, parts: bare.filter(part => Object.keys(part).length) }
  })
}
