import { GeminiChatError } from '../util/errors'

/** A tool that cannot be registered: its name, its parameters or a limit is wrong. */
export class ToolError extends GeminiChatError {
  override readonly name = 'ToolError'

  constructor(message: string) {
    super('gemini-chat/tool-invalid', message)
  }
}
