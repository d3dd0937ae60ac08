import { createHash } from 'node:crypto'
import { extname } from 'node:path'
import { retry } from 'common/async'
import type { Clock } from 'common/time'
import { WecomApiError } from '../api/client'
import { RateLimiter } from '../api/rate-limiter'
import { MAX_CHUNK_BYTES, MAX_FILE_NAME_BYTES, MAX_UPLOADS_PER_HOUR, MAX_UPLOADS_PER_MINUTE } from '../protocol/limits'
import type { Connection } from './connection'
import { unconfirmed, unsent } from './refusal'

/** WeCom counts an upload when it arrives: wait a little longer than its window. */
const MARGIN_MS = 2000
const MAX_WAITING_UPLOADS = 100
const MAX_ATTEMPTS = 3
/** Before the second try; longer before each further one. */
const RETRY_PAUSE_MS = 500
/** How long a chunk waits for a connection: the upload goes on after a reconnect. */
const READY_TIMEOUT_MS = 60_000

/**
 * Uploads files in chunks over the long connection.
 * @see https://developer.work.weixin.qq.com/document/path/101463
 */
export class MediaUpload {
  private readonly limiters: RateLimiter[]

  constructor(
    private readonly connection: Connection,
    private readonly clock: Clock,
    private readonly closing: AbortSignal,
  ) {
    this.limiters = [
      new RateLimiter(clock, MAX_UPLOADS_PER_HOUR, 3_600_000 + MARGIN_MS, MAX_WAITING_UPLOADS),
      new RateLimiter(clock, MAX_UPLOADS_PER_MINUTE, 60_000 + MARGIN_MS, MAX_WAITING_UPLOADS),
    ]
  }

  /**
   * @param type `image`, `file`, `voice` or `video`
   * @returns the `media_id`, valid for `MEDIA_ID_LIFETIME_MS`
   * @throws {WecomApiError}
   */
  async upload(type: string, name: string, data: Buffer): Promise<string> {
    for (const limiter of this.limiters) {
      const slot = limiter.enter()
      if (!slot) throw unsent('too many files are waiting: send again later')
      await slot.catch(() => {
        throw unsent('the bot has stopped')
      })
    }
    const total = Math.ceil(data.length / MAX_CHUNK_BYTES)
    const { upload_id: id } = await this.request('aibot_upload_media_init', {
      type,
      filename: shorten(name),
      total_size: data.length,
      total_chunks: total,
      md5: createHash('md5').update(data).digest('hex'),
    })
    if (typeof id !== 'string') throw unconfirmed('the answer has no "upload_id"')
    await this.sendChunks(id, data, total)
    const { media_id: mediaId } = await this.request('aibot_upload_media_finish', { upload_id: id })
    if (typeof mediaId !== 'string') throw unconfirmed('the answer has no "media_id"')
    return mediaId
  }

  dispose() {
    for (const limiter of this.limiters) limiter.dispose()
  }

  private async sendChunks(id: string, data: Buffer, total: number) {
    let next = 0
    const work = async () => {
      while (next < total) {
        const index = next++
        const chunk = data.subarray(index * MAX_CHUNK_BYTES, (index + 1) * MAX_CHUNK_BYTES)
        await this.request('aibot_upload_media_chunk', {
          upload_id: id,
          chunk_index: index,
          base64_data: chunk.toString('base64'),
        })
      }
    }
    await Promise.all(Array.from({ length: concurrency(total) }, work))
  }

  /** Every step may be repeated: a file that was uploaded twice is shown to no one. */
  private request(cmd: `aibot_upload_media_${'init' | 'chunk' | 'finish'}`, body: object) {
    return retry(async () => {
      if (!await this.connection.whenReady(READY_TIMEOUT_MS)) throw this.connection.unavailable()
      return this.connection.request(cmd, body)
    }, {
      clock: this.clock,
      attempts: MAX_ATTEMPTS,
      signal: this.closing,
      delayMs: (error, attempt) => {
        const isFinal = error instanceof WecomApiError && error.failure === 'refused' && error.errcode !== -1
        return isFinal ? undefined : RETRY_PAUSE_MS * (attempt + 1)
      },
    })
  }
}

/** WeCom answers many chunks at once with a system error. */
function concurrency(chunks: number): number {
  return chunks <= 4 ? chunks : chunks <= 10 ? 3 : 2
}

/** Keeps the extension, by which WeCom chooses how to show a file. */
function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_FILE_NAME_BYTES) return name
  const extension = extname(name).slice(0, 20)
  let stem = ''
  for (const char of name) {
    if (Buffer.byteLength(stem + char + extension) > MAX_FILE_NAME_BYTES) break
    stem += char
  }
  return stem + extension
}
