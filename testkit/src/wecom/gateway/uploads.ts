import { createHash, randomUUID } from 'node:crypto'
import type { Verdict } from './frame'
import { OK, Violation, errors } from './frame'
import { RateMeter } from './rate-meter'

/** A file that was uploaded over the long connection. */
export interface GatewayUpload {
  mediaId: string
  type: string
  name: string
  bytes: Buffer
  at: number
}

interface Session {
  type: string
  filename: string
  size: number
  chunks: (Buffer | undefined)[]
  md5?: string
  startedAt: number
}

const MB = 1 << 20
const MAX_CHUNK_BYTES = 512 * 1024
const MAX_CHUNKS = 100
const SESSION_MS = 30 * 60_000
const MEDIA_MS = 3 * 24 * 3600_000
const MAX_BYTES: Record<string, number> = { image: 10 * MB, video: 10 * MB, voice: 2 * MB, file: 20 * MB }

/**
 * Uploads in chunks, which survive a reconnect.
 * @see https://developer.work.weixin.qq.com/document/path/101463
 */
export class Uploads {
  readonly files: GatewayUpload[] = []
  private readonly sessions = new Map<string, Session>()
  private readonly meter = new RateMeter(30, 1000)

  /** @throws {Violation} */
  handle(cmd: string, body: Record<string, unknown>, now: number): Verdict {
    if (cmd === 'aibot_upload_media_init') return this.init(body, now)
    const session = this.sessions.get(String(body.upload_id))
    if (!session || now - session.startedAt > SESSION_MS) {
      throw new Violation(errors.parameter, 'an unknown or expired upload_id')
    }
    if (cmd === 'aibot_upload_media_chunk') return this.chunk(session, body)
    this.sessions.delete(String(body.upload_id))
    return this.finish(session, now)
  }

  /** @throws {Violation} for a media_id that is unknown, expired or of another type */
  require(type: string, mediaId: unknown, now: number) {
    const file = this.files.find(file => file.mediaId === mediaId)
    if (file?.type === type && now - file.at <= MEDIA_MS) return
    throw new Violation(errors.parameter, `an invalid media_id for ${type}`)
  }

  private init(body: Record<string, unknown>, now: number): Verdict {
    const { type, filename, total_size: size, total_chunks: count, md5 } = body
    if (!this.meter.count('', now)) throw new Violation(errors.rate, 'more than 30 uploads a minute or 1000 an hour')
    const limit = MAX_BYTES[String(type)]
    if (!limit) throw new Violation(errors.parameter, `an upload of type ${String(type)}`)
    if (typeof filename !== 'string' || !filename || Buffer.byteLength(filename) > 256) {
      throw new Violation(errors.parameter, 'an invalid filename')
    }
    if (typeof size !== 'number' || size < 5 || size > limit) {
      throw new Violation(errors.parameter, `a ${String(type)} of ${String(size)} bytes`)
    }
    if (typeof count !== 'number' || count < 1 || count > MAX_CHUNKS || count < size / MAX_CHUNK_BYTES) {
      throw new Violation(errors.parameter, `${String(count)} chunks for ${size} bytes`)
    }
    const id = randomUUID()
    this.sessions.set(id, {
      type: String(type), filename, size, chunks: Array<undefined>(count).fill(undefined), startedAt: now,
      md5: typeof md5 === 'string' ? md5 : undefined,
    })
    return { ...OK, body: { upload_id: id } }
  }

  private chunk(session: Session, { chunk_index: index, base64_data: data }: Record<string, unknown>): Verdict {
    const bytes = Buffer.from(String(data), 'base64')
    if (typeof index !== 'number' || !(index in session.chunks)) throw new Violation(errors.parameter, 'a chunk_index out of range')
    if (!bytes.length || bytes.length > MAX_CHUNK_BYTES) throw new Violation(errors.parameter, 'a chunk of more than 512 KB')
    session.chunks[index] = bytes
    return OK
  }

  private finish({ type, filename, size, chunks, md5 }: Session, now: number): Verdict {
    if (chunks.includes(undefined)) throw new Violation(errors.parameter, 'an upload with missing chunks')
    const bytes = Buffer.concat(chunks as Buffer[])
    if (bytes.length !== size) throw new Violation(errors.parameter, 'an upload of another size than announced')
    if (md5 && createHash('md5').update(bytes).digest('hex') !== md5) throw new Violation(errors.parameter, 'an upload with a wrong md5')
    const file: GatewayUpload = { mediaId: `MEDIA-${randomUUID()}`, type, name: filename, bytes, at: now }
    this.files.push(file)
    return { ...OK, body: { type, media_id: file.mediaId, created_at: String(Math.floor(now / 1000)) } }
  }
}
