import type { AttemptResult, Question } from '../model/ask'
import type { FallbackNotices } from '../model/fallback-notice'
import { modelName } from '../model/model-list'
import type { Message } from '../messages/i18n'

/**
 * What the reader has to know of an answer whose request was fitted to the model: files it has not seen, tools it
 * cannot use (said once per conversation), and that older messages were left out.
 * @param key of the conversation
 */
export function adaptationNotes(
  { model, without = [], leftOut }: AttemptResult, { contents, tools }: Question, notices: FallbackNotices, key: string,
): Message[] {
  const name = modelName(model)
  const hasFiles = contents.at(-1)!.parts.some(part => part.file)
  const withoutTools = without.includes('tools') && tools?.length ? notices.withoutTools(key, name) : undefined
  return [
    ...without.includes('files') && hasFiles ? [['media.model', { name }] as Message] : [],
    ...withoutTools ? [withoutTools] : [],
    ...leftOut ? [['left-out-now'] as Message] : [],
  ]
}
