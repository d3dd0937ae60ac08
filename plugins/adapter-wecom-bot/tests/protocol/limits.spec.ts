import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import * as limits from '../../src/protocol/limits'

const source = resolve(__dirname, '../../src')

describe('platform limits', () => {
  it('are those of the documentation', () => {
    assert.deepEqual({ ...limits }, {
      MAX_STREAM_BYTES: 20480,
      STREAM_WINDOW_MS: 360_000,
      MAX_INLINE_IMAGES: 10,
      MAX_INLINE_IMAGE_BYTES: 524_288,
      MAX_FEEDBACK_ID_BYTES: 256,
      MAX_USER_STREAMS: 3,
      REPLY_TIMEOUT_MS: 5000,
      RESPONSE_URL_LIFETIME_MS: 3_600_000,
      PING_INTERVAL_MS: 30_000,
      MAX_CONVERSATION_MESSAGES_PER_MINUTE: 30,
      MAX_CONVERSATION_MESSAGES_PER_HOUR: 1000,
      SOCKET_REPLY_LIFETIME_MS: 86_400_000,
      SOCKET_STREAM_LIFETIME_MS: 360_000,
      MAX_CHUNK_BYTES: 524_288,
      MAX_FILE_NAME_BYTES: 256,
      MAX_UPLOADS_PER_MINUTE: 30,
      MAX_UPLOADS_PER_HOUR: 1000,
      MEDIA_LINK_LIFETIME_MS: 300_000,
      MAX_RECEIVED_FILE_MB: 100,
      MAX_WEBHOOK_MESSAGES: 20,
      WEBHOOK_WINDOW_MS: 60_000,
      MAX_WEBHOOK_MARKDOWN_BYTES: 4096,
      MAX_IMAGE_BYTES: 2_097_152,
      MAX_VOICE_BYTES: 2_097_152,
      MAX_FILE_BYTES: 20_971_520,
      MIN_FILE_BYTES: 6,
      MEDIA_ID_LIFETIME_MS: 259_200_000,
      MAX_ARTICLES: 8,
      MAX_TEXT_BYTES: 2048,
      MAX_CARD_BUTTONS: 6,
      MAX_CARD_KEY_BYTES: 1024,
      MAX_CARD_TASK_ID_BYTES: 128,
      MAX_CARD_OPTION_ID_BYTES: 128,
      MAX_CARD_SELECT_OPTIONS: 10,
      MAX_CARD_VOTE_OPTIONS: 20,
      MAX_CARD_SELECTS: 3,
      MAX_CARD_MENU_ACTIONS: 3,
      MAX_CARD_ROWS: 6,
      MAX_CARD_VERTICAL_ROWS: 4,
      MAX_CARD_JUMPS: 3,
      MAX_CARD_QUESTION_BYTES: 200,
      CARD_IMAGE_ASPECT_RATIO: { min: 1.3, max: 2.25 },
      CARD_UPDATE_LIFETIME_MS: 86_400_000,
    })
  })

  it('stand in protocol/limits only', () => {
    const numbers = /\b(?:20480|20_480|512 \* 1024|512 \* KB|20 << 20|20 \* 1024 \* 1024|2 << 20|2 \* 1024 \* 1024)\b/
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
    const found = files.filter(name => numbers.test(readFileSync(join(source, name), 'utf8')))
    assert.deepEqual(found.map(name => relative('.', name)), ['protocol/limits.ts'])
  })
})
