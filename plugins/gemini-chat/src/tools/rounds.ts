import { appendPart } from '../conversation/turn'
import { EngineError } from '../engine/error'
import type { Content, EngineEvent, Part, ToolCall } from '../engine/types'
import type { ToolOutcome } from './result'

/** An event of the model, or the results of tools, after which the model goes on. */
export type RoundEvent = EngineEvent | { type: 'results', content: Content }

export interface RoundOptions {
  /** How often the model may call tools before it has to answer; 0 is never. */
  maxRounds: number
  /**
   * Asks the model.
   * @param mayCall whether it may call tools
   */
  ask(contents: Content[], mayCall: boolean): AsyncIterable<EngineEvent>
  /** Runs calls. Never rejects: every call gets an outcome. */
  run(calls: ToolCall[]): Promise<ToolOutcome[]>
  /** Ends the answer after the round that is running. */
  signal: AbortSignal
}

/**
 * Streams an answer in rounds: as long as the model calls tools, they are run, and it is asked again with the results.
 * @throws {EngineError} what `ask` throws, or `aborted`
 */
export async function* answerInRounds(question: Content[], options: RoundOptions): AsyncGenerator<RoundEvent> {
  let contents = question
  for (let round = 0; ; round++) {
    const mayCall = round < options.maxRounds
    const parts: Part[] = []
    for await (const event of options.ask(contents, mayCall)) {
      if (event.type === 'part') appendPart(parts, event.part)
      else if (event.type === 'retract') parts.length = 0
      yield event
    }
    const calls = parts.flatMap(({ toolCall }) => toolCall ?? [])
    if (!calls.length || !mayCall) return
    const content = resultsOf(calls, await options.run(calls))
    contents = [...contents, { role: 'model', parts }, content]
    yield { type: 'results', content }
    if (options.signal.aborted) throw new EngineError('aborted', 'the answer was stopped')
  }
}

function resultsOf(calls: ToolCall[], outcomes: ToolOutcome[]): Content {
  return {
    role: 'tool',
    parts: calls.map(({ id, name }, index) => {
      const { text, failure } = outcomes[index]
      return { toolResult: { id, name, content: text, ...failure && { isError: true } } }
    }),
  }
}
