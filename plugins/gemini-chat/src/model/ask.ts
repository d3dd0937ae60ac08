import type { Clock } from '../util/clock'
import { GeminiError } from '../engine/error'
import type { Content, Engine, EngineEvent, EngineRequest, Usage } from '../engine/types'
import { withoutReferences } from '../media/reference'
import { Attempts } from './attempts'
import type { Route } from './attempts'

/** A question, before it is known which model will answer it. */
export interface Question extends Omit<EngineRequest, 'model'> {
  /** A model to try before those of the settings. */
  preferred?: string
}

/** One try, as it ended. */
export interface Attempt {
  model: string
  usage?: Usage
  error?: unknown
}

export interface AskOptions {
  engine: Engine
  route: Route
  /** How often to try again after a failure that may pass. */
  retries: number
  clock: Clock
  random: () => number
  signal: AbortSignal
  /** Told how many milliseconds pass until the next try. */
  waiting?(ms: number): void
  /** Told what the model thinks before it says anything: unlike the answer, what comes of a failed try as well. */
  thinking?(text: string): void
  /** Told of every try, as it ends. */
  observe?(attempt: Attempt): void
}

/**
 * Asks until there is an answer or nothing left to try. What a failed try brought is not seen from outside: events are
 * held back until the first visible character, and after it nothing is tried again.
 * @throws {GeminiError} the last failure
 */
export async function* ask({ preferred, ...question }: Question, options: AskOptions): AsyncGenerator<EngineEvent> {
  const { engine, signal, clock, route } = options
  const bare = withoutReferences(question.contents)
  const attempts = new Attempts(route, options.retries, options.random, preferred)
  for (;;) {
    const { key, model, unsigned } = attempts
    const contents = unsigned ? withoutSignatures(bare) : bare
    const request = limit({ ...question, contents, model }, route)
    const attempt: Attempt = { model }
    const held: EngineEvent[] = []
    let visible = false
    route.ring.count(key)
    try {
      for await (const event of engine.stream(request, { key: key.secret, signal })) {
        if (event.type === 'usage') attempt.usage = event.usage
        if (event.type === 'thought' && !visible) options.thinking?.(event.text)
        visible ||= event.type === 'text' && event.text.trim() !== ''
        held.push(event)
        if (visible) yield* held.splice(0)
      }
      route.ring.accept(key)
      return yield* held
    } catch (error) {
      attempt.error = error
      if (!signal.aborted) route.ring.count(key, true)
      if (visible || signal.aborted || !(error instanceof GeminiError)) throw error
      const wait = attempts.next(error)
      if (wait === undefined) throw attempts.conclude(error)
      if (wait) options.waiting?.(wait)
      await clock.sleep(wait, signal)
      if (signal.aborted) throw new GeminiError('aborted', 'the request was aborted')
    } finally {
      options.observe?.(attempt)
    }
  }
}

/** More than a model can say is not asked of it. */
function limit(request: EngineRequest, { models }: Route): EngineRequest {
  const { outputTokenLimit } = models.limits(request.model)
  const { maxOutputTokens } = (request.generation ?? {}) as { maxOutputTokens?: number }
  if (!outputTokenLimit || !maxOutputTokens || maxOutputTokens <= outputTokenLimit) return request
  return { ...request, generation: { ...request.generation, maxOutputTokens: outputTokenLimit } }
}

/** A signature may be refused after a change of model or key. Without one the text itself is as good as before. */
function withoutSignatures(contents: Content[]): Content[] {
  return contents.map(({ role, parts }) => {
    const bare = parts.map(({ thoughtSignature, ...part }) => part)
    return { role, parts: bare.filter(part => Object.keys(part).length) }
  })
}
