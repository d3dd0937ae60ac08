import { ask } from '../model/ask'
import type { AskOptions } from '../model/ask'
import { summaryRequest } from '../conversation/compaction'
import type { StoredTurn } from '../conversation/history'
import type { Core } from './context'
import { report } from '../messages/error-messages'

/**
 * Has the model sum up turns of a conversation.
 * @param observe told of every try
 * @throws {GeminiError} when it does not
 */
export async function summarise(
  core: Core, key: string, turns: StoredTurn[], signal: AbortSignal, observe?: AskOptions['observe'],
): Promise<string> {
  const { model } = await core.choices.load(key)
  const question = { contents: summaryRequest(turns), preferred: model }
  let text = ''
  try {
    for await (const event of ask(question, { ...core, retries: core.config.requestRetries, signal, observe })) {
      if (event.type === 'text') text += event.text
    }
  } catch (error) {
    if (!signal.aborted) core.logger.warn('a conversation could not be summarised: %s', report(error))
    throw error
  }
  return text
}
