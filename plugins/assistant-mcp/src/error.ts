import { CodedError } from 'common/errors'

/** Every `code` an error of this plugin can have. README.md lists what each means and what to do. */
export type McpErrorCode =
  | 'assistant-mcp/variable-missing' | 'assistant-mcp/setting-wrong' | 'assistant-mcp/not-connected'
  | 'assistant-mcp/message-too-large'

/** The error of this plugin. */
export class McpServerError extends CodedError<McpErrorCode> {
  override readonly name = 'McpServerError'
}
