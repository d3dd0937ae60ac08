import type { ErrorKind, GeminiError } from '../engine/error'
import { nextPacificMidnight, pacificDay } from './quota-day'

/** A key as it is set: by itself, or with the name of the project whose quota it shares. */
export type KeySetting = string | { key: string, bucket?: string }

export interface Key {
  readonly secret: string
  /** Keys of one project run dry together. */
  readonly bucket: string
  /** 1 for the first in the settings. It is what a key goes by: the key itself is not for logs. */
  readonly place: number
}

/** How a key stands, without the key. */
export interface KeyStatus extends Pick<Key, 'bucket' | 'place'> {
  /** Its last characters, to tell it from others; nothing of a short one. */
  tail: string
  /** Requests and failures since Google's day began. */
  requests: number
  failures: number
  refused: boolean
  /** What is used up, until when; of one model, where that is known. */
  parked: { model?: string, until: number, kind: ErrorKind }[]
}

/** A refused key is asked last for so long: it may have been put right meanwhile. */
const REFUSAL = 3_600_000

/** What comes from the environment may be missing, or hold several keys in one. */
export function keysOf({ apiKeys }: { apiKeys: readonly KeySetting[] }): Key[] {
  const split = (text?: string) => text?.match(/[^,\s]+/g) ?? []
  const entries = apiKeys.flatMap((entry) => {
    if (typeof entry === 'string' || !entry) return split(entry).map(secret => ({ secret, bucket: '' }))
    return split(entry.key).map(secret => ({ secret, bucket: entry.bucket?.trim() ?? '' }))
  })
  const unique = entries.filter(({ secret }, index) => entries.findIndex(entry => entry.secret === secret) === index)
  // Of a key without a bucket nobody knows whose it is; it is taken to have a project of its own.
  return unique.map(({ secret, bucket }, index) => ({ secret, bucket: bucket || `#${index + 1}`, place: index + 1 }))
}

/** The keys, how much each was used, and which are not worth asking for a while. It outlives the questions. */
export class Ring {
  private readonly parked = new Map<string, { bucket: string, model?: string, until: number, kind: ErrorKind }>()
  private readonly refused = new Map<Key, number>()
  private readonly used = new Map<Key, { day: string, requests: number, failures: number }>()

  constructor(readonly keys: readonly Key[], private readonly now: () => number) {}

  /** The best key for a model: one that was not refused, of a project that has quota left. */
  pick(model: string, except: (key: Key) => boolean = () => false): Key | undefined {
    const able = this.keys.filter(key => !except(key) && !this.parking(key, model))
    return able.find(key => !this.isRefused(key)) ?? able[0]
  }

  /** @returns whether that is news */
  refuse(key: Key): boolean {
    const known = this.isRefused(key)
    this.refused.set(key, this.now() + REFUSAL)
    return !known
  }

  /** A key that was answered is as good as any. */
  accept(key: Key) {
    this.refused.delete(key)
  }

  /** Leaves a project alone for as long as the server says: with one model, where the quota is a model's. */
  park(key: Key, model: string, { kind, quota, retryAfter = 0 }: GeminiError) {
    const until = kind === 'quota-day' ? nextPacificMidnight(this.now()) : this.now() + retryAfter
    const only = quota && !/PerModel/i.test(quota) ? undefined : model
    const id = JSON.stringify([key.bucket, only])
    const known = this.parked.get(id)
    if (known && known.until >= until) return
    this.parked.set(id, { bucket: key.bucket, model: only, until, kind })
  }

  /** What stands in the way of asking a model longest, and shortest of all keys: when asking makes sense again. */
  opening(models: readonly string[]): { until: number, kind: ErrorKind } | undefined {
    const waits = models.flatMap(model => this.keys.map(key => this.parking(key, model)))
    if (waits.some(wait => !wait)) return
    return waits.reduce((best, wait) => best!.until <= wait!.until ? best : wait, waits[0])
  }

  count(key: Key, failed = false) {
    const day = pacificDay(this.now())
    const entry = this.used.get(key)
    const fresh = entry?.day === day ? entry : { day, requests: 0, failures: 0 }
    if (failed) fresh.failures++
    else fresh.requests++
    this.used.set(key, fresh)
  }

  status(): KeyStatus[] {
    const day = pacificDay(this.now())
    return this.keys.map((key) => {
      const { bucket, place, secret } = key
      const used = this.used.get(key)
      const { requests, failures } = used?.day === day ? used : { requests: 0, failures: 0 }
      const parked = [...this.parked.values()].filter(entry => entry.bucket === bucket && entry.until > this.now())
      return {
        bucket, place, requests, failures, refused: this.isRefused(key),
        tail: secret.length >= 16 ? secret.slice(-4) : '',
        parked: parked.map(({ model, until, kind }) => ({ model, until, kind })),
      }
    })
  }

  private isRefused(key: Key) {
    return (this.refused.get(key) ?? 0) > this.now()
  }

  private parking(key: Key, model: string) {
    const found = [undefined, model].flatMap(only => this.parked.get(JSON.stringify([key.bucket, only])) ?? [])
      .filter(({ until }) => until > this.now())
    return found.sort((a, b) => b.until - a.until)[0] as { until: number, kind: ErrorKind } | undefined
  }
}
