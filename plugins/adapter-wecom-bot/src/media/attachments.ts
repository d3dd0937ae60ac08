import { randomBytes } from 'node:crypto'
import type { Clock } from '../util/clock'
import type { Media } from './media'
import { MediaError } from './media-error'
import { MEDIA_LINK_LIFETIME_MS } from '../protocol/limits'
import type { MediaLink } from '../protocol/payload'

interface Attachment {
  link: MediaLink
  at: number
  media?: Promise<Media>
  size: number
}

/**
 * What messages had attached, under ids of our own: plugins get those, never WeCom's links. Each is downloaded when it
 * is first asked for and then kept for as long as it could have been downloaded.
 */
export class Attachments {
  private readonly entries = new Map<string, Attachment>()
  private size = 0
  private timer: unknown

  /** @param capacity most bytes kept; beyond it the oldest are downloaded again where they are asked for again */
  constructor(
    readonly fetch: (link: MediaLink) => Promise<Media>,
    readonly clock: Clock,
    readonly capacity = 64 << 20,
  ) {}

  get count() {
    return this.entries.size
  }

  /** @returns the id under which it can be opened for five minutes */
  add(link: MediaLink): string {
    this.sweep()
    const id = randomBytes(16).toString('hex')
    this.entries.set(id, { link, at: this.clock.now(), size: 0 })
    this.schedule()
    return id
  }

  /**
   * @returns `undefined` where there is none, or its time is over
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
      // Another reader may be luckier, as long as the link is valid.
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
    const now = this.clock.now()
    for (const [id, { at }] of this.entries) {
      if (now - at < MEDIA_LINK_LIFETIME_MS) break
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
      if (this.size <= this.capacity) break
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
