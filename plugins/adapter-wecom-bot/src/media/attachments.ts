import { randomBytes } from 'node:crypto'
import type { Clock } from 'common/time'
import type { Media } from './media'
import { MediaError } from './media-error'
import { MEDIA_LINK_LIFETIME_MS } from '../protocol/limits'
import type { MediaLink } from '../protocol/payload'

interface Attachment {
  link: MediaLink
  addedAt: number
  media?: Promise<Media>
  /** Bytes, once downloaded. */
  size: number
}

/**
 * Files attached to messages. Plugins get an id of ours instead of WeCom's link, which is a secret. A file is
 * downloaded when it is first read, and kept in memory until its link expires.
 */
export class Attachments {
  private readonly entries = new Map<string, Attachment>()
  private size = 0
  private timer: unknown

  /** @param maxBytes most bytes kept in memory; beyond it, the oldest files are downloaded again when read again */
  constructor(
    readonly fetch: (link: MediaLink) => Promise<Media>,
    readonly clock: Clock,
    readonly maxBytes = 64 * 1024 * 1024,
  ) {}

  get count() {
    return this.entries.size
  }

  /** @returns the id to open the file with, valid for `MEDIA_LINK_LIFETIME_MS` */
  add(link: MediaLink): string {
    this.sweep()
    const id = randomBytes(16).toString('hex')
    this.entries.set(id, { link, addedAt: this.clock.monotonic(), size: 0 })
    this.schedule()
    return id
  }

  /**
   * @returns `undefined` if the id is unknown or has expired
   * @throws {MediaError}
   */
  async open(id: string): Promise<Media | undefined> {
    this.sweep()
    const entry = this.entries.get(id)
    if (!entry) return
    entry.media ??= this.fetch(entry.link).then((media) => {
      if (!this.entries.has(id)) return media
      entry.size = media.data.length
      this.size += entry.size
      this.shrink(id)
      return media
    })
    try {
      return await entry.media
    } catch (error) {
      // The next reader may try again.
      entry.media = undefined
      throw error instanceof MediaError ? error : new MediaError('wecom-bot/media-network-failed', 'the download failed')
    }
  }

  dispose() {
    this.clock.clearTimeout(this.timer)
    this.entries.clear()
    this.size = 0
  }

  private sweep() {
    const now = this.clock.monotonic()
    for (const [id, { addedAt }] of this.entries) {
      if (now - addedAt < MEDIA_LINK_LIFETIME_MS) break
      this.drop(id)
    }
  }

  private schedule() {
    this.timer ??= this.clock.setTimeout(() => {
      this.timer = undefined
      this.sweep()
      if (this.entries.size) this.schedule()
    }, MEDIA_LINK_LIFETIME_MS)
  }

  private shrink(keep: string) {
    for (const [id, entry] of this.entries) {
      if (this.size <= this.maxBytes) break
      if (!entry.size || id === keep) continue
      this.size -= entry.size
      Object.assign(entry, { media: undefined, size: 0 })
    }
  }

  private drop(id: string) {
    this.size -= this.entries.get(id)!.size
    this.entries.delete(id)
  }
}
