import { EngineError } from '../engine/error'
import { ReceivedTokens } from './received-tokens'
import type { TokenEstimate } from './received-tokens'
import type { Content, Engine, EngineEvent, EngineRequest, ModelFeature, TokenUsage } from '../engine/types'
import { withoutReferences } from '../media/reference'
import type { Clock } from 'common/time'
import { Attempts } from './attempts'
import type { ModelRoute } from './attempts'

/** A request before the model is chosen. Listeners of `gemini/before-request` may change it. */
export interface Question extends Omit<EngineRequest, 'model'> {
  /** A model to try before those of the settings. */
  preferred?: string
}

/** How one attempt ended. */
export interface AttemptResult {
  model: string
  usage?: TokenUsage
  /** What was sent and received, for what `usage` does not tell; missing where nothing came and nothing was stopped. */
  estimate?: TokenEstimate
  error?: unknown
  /** What was left out of the request, because the model does not take it. */
  without?: readonly ModelFeature[]
  /** How many messages of the history were left out, because the request was too long. */
  leftOut?: number
}

export interface AskOptions {
  engine: Engine
  route: ModelRoute
  /** How often to try again after a failure that may pass. */
  retries: number
  clock: Clock
  /** A number from 0 up to 1, for the jitter of waits. */
  random: () => number
  signal: AbortSignal
  /** Called with the milliseconds until the next attempt. */
  onWait?(ms: number): void
  /** Called with thought summaries that come before the answer, those of failed attempts included. */
  onThought?(text: string): void
  onAttempt?(attempt: AttemptResult): void
}

/**
 * Streams an answer, trying again with other keys, other models or after a wait. Events are held back until the first
 * visible character; from then on nothing is tried again, so a reader never sees parts of a failed attempt.
 * @throws {EngineError} the last failure
 */
export async function* ask({ preferred, ...question }: Question, options: AskOptions): AsyncGenerator<EngineEvent> {
  const { engine, signal, clock, route } = options
  const contents = withoutReferences(question.contents)
  const attempts = new Attempts(route, options.retries, options.random, preferred, historyLength(contents))
  for (;;) {
    const { key, model, portable } = attempts
    const sent = withoutOldest(contents, attempts.halvings)
    const without = route.models.lackingIn(model)
    const fitted = { ...question, contents: sent, model, ...portable && { portable }, ...without.length && { without } }
    const request = capOutputTokens(fitted, route)
    const attempt: AttemptResult = { model, ...without.length && { without } }
    if (sent.length < contents.length) attempt.leftOut = contents.length - sent.length
    const held: EngineEvent[] = []
    const received = new ReceivedTokens()
    let visible = false
    route.keyPool.count(key)
    try {
      for await (const event of engine.stream(request, { key: key.secret, signal })) {
        received.take(event)
        if (event.type === 'usage') attempt.usage = event.usage
        if (event.type === 'thought' && !visible) options.onThought?.(event.text)
        visible ||= isVisible(event)
        held.push(event)
        if (visible) yield* held.splice(0)
      }
      route.keyPool.markAccepted(key, model)
      attempt.estimate = received.estimate(request)
      return yield* held
    } catch (error) {
      attempt.error = error
      if (received.isSome || signal.aborted) attempt.estimate = received.estimate(request)
      if (!signal.aborted) route.keyPool.count(key, true)
      if (visible || signal.aborted || !(error instanceof EngineError)) throw error
      const wait = attempts.prepareNext(error)
      if (wait === undefined) throw attempts.finalError(error)
      if (wait) options.onWait?.(wait)
      await clock.sleep(wait, signal)
      if (signal.aborted) throw new EngineError('aborted', 'the request was aborted')
    } finally {
      options.onAttempt?.(attempt)
    }
  }
}

function isVisible(event: EngineEvent): boolean {
  return event.type === 'text' ? event.text.trim() !== '' : event.type === 'part' && !!event.part.file
}

/** How many messages come before the question: what follows it are rounds of its answer. */
function historyLength(contents: Content[]): number {
  return Math.max(0, contents.findLastIndex(({ role }) => role === 'user'))
}

/** Messages without the older half of the history, the older half of what is left, and so on; the question stays. */
function withoutOldest(contents: Content[], halvings: number): Content[] {
  if (!halvings) return contents
  const length = historyLength(contents)
  const kept = contents.slice(length - (length >> halvings))
  const first = kept.findIndex(({ role }) => role === 'user')
  return kept.slice(Math.max(0, first))
}

/** Models refuse a limit above their own. */
function capOutputTokens(request: EngineRequest, { models }: ModelRoute): EngineRequest {
  const { outputTokenLimit } = models.limitsOf(request.model)
  const { maxOutputTokens } = request
  if (!outputTokenLimit || !maxOutputTokens || maxOutputTokens <= outputTokenLimit) return request
  return { ...request, maxOutputTokens: outputTokenLimit }
}
