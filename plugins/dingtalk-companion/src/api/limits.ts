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
