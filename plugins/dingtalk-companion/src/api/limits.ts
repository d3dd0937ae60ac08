/**
 * Bytes of `msgParam` in one robot message.
 * @see https://open.dingtalk.com/document/orgapp/the-robot-sends-a-group-message
 */
export const MAX_MESSAGE_PARAM_BYTES = 15_000

/**
 * Calls per second of each API of an app, in the standard edition.
 * @see https://open.dingtalk.com/document/orgapp/call-frequency-limit
 */
export const MAX_CALLS_PER_SECOND = 20

/**
 * Bytes that every card takes. The limit is not documented exactly: "at most 3 K in total is recommended".
 * @see https://open.dingtalk.com/document/orgapp/api-streamingupdate
 */
export const SAFE_CARD_BYTES = 3000

/**
 * Characters of a card that every client shows; longer cards are reported as blank.
 * @see https://open.dingtalk.com/document/orgapp/api-streamingupdate
 */
export const MAX_CARD_CHARACTERS = 3000

/**
 * Bytes of an uploaded file, and of voice.
 * @see https://open.dingtalk.com/document/orgapp/upload-media-files
 */
export const MAX_UPLOAD_BYTES = 20 * 1024 * 1024
export const MAX_VOICE_BYTES = 2 * 1024 * 1024

/** Bytes of one variable of a card. */
export const MAX_CARD_PARAM_BYTES = 1024
