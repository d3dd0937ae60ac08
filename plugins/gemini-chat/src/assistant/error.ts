import { GeminiChatError } from '../util/errors'

/** A question of a plugin that was refused: by a limit, by a full queue, or because there is nothing to ask. */
export class AskError extends GeminiChatError {
  override readonly name = 'AskError'

  /** @param message what the person would have been told */
  constructor(message: string) {
    super('gemini-chat/question-refused', message)
  }
}
