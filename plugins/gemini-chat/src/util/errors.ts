import { CodedError } from 'common/errors'

/** Every `code` an error of this plugin can have. README.md lists what each means and what to do. */
export type GeminiChatErrorCode =
  | 'gemini-chat/key-refused'
  | 'gemini-chat/region-not-served'
  | 'gemini-chat/model-not-found'
  | 'gemini-chat/request-refused'
  | 'gemini-chat/rate-limited'
  | 'gemini-chat/quota-exhausted'
  | 'gemini-chat/no-credit'
  | 'gemini-chat/server-error'
  | 'gemini-chat/network-failed'
  | 'gemini-chat/proxy-failed'
  | 'gemini-chat/timed-out'
  | 'gemini-chat/aborted'
  | 'gemini-chat/content-blocked'
  | 'gemini-chat/empty-answer'
  | 'gemini-chat/answer-incomplete'
  | 'gemini-chat/unexpected-response'
  | 'gemini-chat/conversation-busy'
  | 'gemini-chat/file-type-not-supported'
  | 'gemini-chat/file-too-large'
  | 'gemini-chat/file-not-available'
  | 'gemini-chat/tool-invalid'
  | 'gemini-chat/question-refused'

/** Base of all errors of this plugin. */
export abstract class GeminiChatError extends CodedError<GeminiChatErrorCode> {}
