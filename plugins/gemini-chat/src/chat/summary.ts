import { EngineError } from '../engine/error'
import { ask } from '../model/ask'
import type { AskOptions } from '../model/ask'
import { summaryRequest } from '../conversation/compaction'
import type { StoredTurn } from '../conversation/history'
import type { ChatContext } from './context'
import { operatorMessage } from '../messages/error-messages'

/**
 * Asks the model for a summary of turns.
 * @param onAttempt called after each attempt
 * @throws {EngineError} the last failure
 */
export async function summarise(
  context: ChatContext, key: string, turns: StoredTurn[], signal: AbortSignal, onAttempt?: AskOptions['onAttempt'],
): Promise<string> {
  const { model } = await context.preferences.load(key)
  const question = { contents: summaryRequest(turns), preferred: model }
  let text = ''
  let isWhole = false
  try {
    const retries = context.config.requestRetries
    for await (const event of ask(question, { ...context, retries, signal, onAttempt })) {
      if (event.type === 'text') text += event.text
      else if (event.type === 'retract') text = ''
      else if (event.type === 'end') isWhole = event.reason === 'stop'
    }
    // It takes the place of the turns for good.
    if (!isWhole) throw new EngineError('incomplete', 'the summary did not end by itself')
  } catch (error) {
    if (!signal.aborted) context.logger.warn('could not summarise a conversation: %s', operatorMessage(error))
    throw error
  }
  return text
}
