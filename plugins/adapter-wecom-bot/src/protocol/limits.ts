/**
 * Every limit of WeCom's protocol, each once. Names end in the unit; a byte is a byte of UTF-8 in texts and a raw byte
 * in files. Limits of our own (queues, caches, timeouts of downloads) stand where they are used.
 */

const KB = 1024
const MB = 1024 * KB
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

// Streams and passive replies. https://developer.work.weixin.qq.com/document/path/101031

/** `stream.content`, and a Markdown message posted to a `response_url`. */
export const MAX_STREAM_BYTES = 20480
/** From the message until WeCom stops polling. https://developer.work.weixin.qq.com/document/path/100719 */
export const STREAM_WINDOW_MS = 6 * MINUTE
/** Images in the closing frame of a stream. */
export const MAX_INLINE_IMAGES = 10
/** One image in a stream. The page allows 10 MB; in practice WeCom rejects frames from about 1 MB on. */
export const MAX_INLINE_IMAGE_BYTES = 512 * KB
/** `feedback.id`. */
export const MAX_FEEDBACK_ID_BYTES = 256
/** Messages of one person that WeCom lets a bot answer at once. https://developer.work.weixin.qq.com/document/path/100719 */
export const MAX_USER_STREAMS = 3
/** From a callback until WeCom gives up the reply. https://developer.work.weixin.qq.com/document/path/90238 */
export const REPLY_TIMEOUT_MS = 5 * SECOND

// response_url. https://developer.work.weixin.qq.com/document/path/101138

/** From the callback until its `response_url` expires. It takes one message. */
export const RESPONSE_URL_LIFETIME_MS = HOUR

// Long connection. https://developer.work.weixin.qq.com/document/path/101463

/** Pings; without any, WeCom closes the connection after about 90 s. */
export const PING_INTERVAL_MS = 30 * SECOND
/** Replies and other messages to one conversation together. Whether each frame of a stream counts is not documented. */
export const MAX_CONVERSATION_MESSAGES_PER_MINUTE = 30
export const MAX_CONVERSATION_MESSAGES_PER_HOUR = 1000
/** From a message until it can no longer be answered. */
export const SOCKET_REPLY_LIFETIME_MS = DAY
/** From the first frame of a stream until WeCom takes no more of them. Ten minutes have been measured. */
export const SOCKET_STREAM_LIFETIME_MS = 6 * MINUTE
/** One chunk of an upload, before base64. */
export const MAX_CHUNK_BYTES = 512 * KB
/** Name of an uploaded file. */
export const MAX_FILE_NAME_BYTES = 256
/** Uploads of one bot. */
export const MAX_UPLOADS_PER_MINUTE = 30
export const MAX_UPLOADS_PER_HOUR = 1000

// Received files. https://developer.work.weixin.qq.com/document/path/100719

/** From the callback until the links in it expire. */
export const MEDIA_LINK_LIFETIME_MS = 5 * MINUTE
/** A received file or video. */
export const MAX_RECEIVED_FILE_MB = 100

// Group webhooks. https://developer.work.weixin.qq.com/document/path/99110

/** Messages of one webhook in any `WEBHOOK_WINDOW_MS`. */
export const MAX_WEBHOOK_MESSAGES = 20
export const WEBHOOK_WINDOW_MS = MINUTE
/** A `markdown` or `markdown_v2` message. */
export const MAX_WEBHOOK_MARKDOWN_BYTES = 4096
/** A JPG or PNG. */
export const MAX_IMAGE_BYTES = 2 * MB
/** An uploaded AMR. */
export const MAX_VOICE_BYTES = 2 * MB
export const MAX_FILE_BYTES = 20 * MB
/** Uploads must be longer than five bytes. */
export const MIN_FILE_BYTES = 6
/** From an upload until its `media_id` expires. */
export const MEDIA_ID_LIFETIME_MS = 3 * DAY
/** Articles of a news message. */
export const MAX_ARTICLES = 8

// Texts of webhooks (99110) and apps: https://developer.work.weixin.qq.com/document/path/90236

/** A `text` message of a webhook, and a `text` or `markdown` message of an app. */
export const MAX_TEXT_BYTES = 2048

// Template cards. https://developer.work.weixin.qq.com/document/path/101032

export const MAX_CARD_BUTTONS = 6
/** Keys of buttons, menus and questions. */
export const MAX_CARD_KEY_BYTES = 1024
/** `task_id`: letters, digits, `_`, `-` and `@`. */
export const MAX_CARD_TASK_ID_BYTES = 128
/** Ids of options. */
export const MAX_CARD_OPTION_ID_BYTES = 128
/** Options of a drop-down list. */
export const MAX_CARD_SELECT_OPTIONS = 10
/** Options of a vote. */
export const MAX_CARD_VOTE_OPTIONS = 20
/** Drop-down lists of a `multiple_interaction` card. */
export const MAX_CARD_SELECTS = 3
/** Entries of the menu in the card's corner. */
export const MAX_CARD_MENU_ACTIONS = 3
/** Rows of `horizontal_content_list`. */
export const MAX_CARD_ROWS = 6
/** Rows of `vertical_content_list`. */
export const MAX_CARD_VERTICAL_ROWS = 4
export const MAX_CARD_JUMPS = 3
/** The question that a jump asks the bot. */
export const MAX_CARD_QUESTION_BYTES = 200
/** Width divided by height of `card_image`. */
export const CARD_IMAGE_ASPECT_RATIO = { min: 1.3, max: 2.25 } as const
/** From a click until its `response_code` expires. https://developer.work.weixin.qq.com/document/path/94888 */
export const CARD_UPDATE_LIFETIME_MS = DAY
