import type { EngineErrorKind, EngineError } from '../engine/error'
import type { QuotaCalendar } from '../engine/types'

/** A key as it is set: by itself, or with the name of the project whose quota it shares. */
export type KeySetting = string | { key: string, bucket?: string }

export interface ApiKey {
  readonly secret: string
  /** Keys of one project run dry together. */
  readonly bucket: string
  /** 1 for the first in the settings. It is what a key goes by: the key itself is not for logs. */
  readonly position: number
}

/** How a key stands, without the key. */
export interface KeyStatus extends Pick<ApiKey, 'bucket' | 'position'> {
  /** Its last characters, to tell it from others; nothing of a short one. */
  tail: string
  /** Requests and failures since Google's day began. */
  requests: number
  failures: number
  refused: boolean
  /** What is used up, until when; of one model, where that is known. */
  exhausted: { model?: string, until: number, kind: EngineErrorKind }[]
}

/** A refused key is asked last for so long: it may have been put right meanwhile. */
const REFUSED_KEY_COOLDOWN_MS = 3_600_000

/** What comes from the environment may be missing, or hold several keys in one. */
export function parseKeys({ apiKeys }: { apiKeys: readonly KeySetting[] }): ApiKey[] {
  const split = (text?: string) => text?.match(/[^,\s]+/g) ?? []
  const entries = apiKeys.flatMap((entry) => {
    if (typeof entry === 'string' || !entry) return split(entry).map(secret => ({ secret, bucket: '' }))
    return split(entry.key).map(secret => ({ secret, bucket: entry.bucket?.trim() ?? '' }))
  })
  const unique = entries.filter(({ secret }, index) => entries.findIndex(entry => entry.secret === secret) === index)
  // Of a key without a bucket nobody knows whose it is; it is taken to have a project of its own.
  return unique.map(({ secret, bucket }, index) => ({ secret, bucket: bucket || `#${index + 1}`, position: index + 1 }))
}

/** A used-up quota: of one model, or of all where `model` is missing. */
interface Exhaustion {
  bucket: string
  model?: string
  /** Milliseconds since 1970. */
  until: number
  kind: EngineErrorKind
}

/** The keys, how much each was used, and which are not worth asking for a while. It outlives the questions. */
export class KeyPool {
  private readonly exhausted = new Map<string, Exhaustion>()
  private readonly refused = new Map<ApiKey, number>()
  private readonly used = new Map<ApiKey, { day: string, requests: number, failures: number }>()

  constructor(
    readonly keys: readonly ApiKey[],
    private readonly now: () => number,
    private readonly calendar: QuotaCalendar,
  ) {}

  /** The best key for a model: one that was not refused, of a project that has quota left. */
  pick(model: string, except: (key: ApiKey) => boolean = () => false): ApiKey | undefined {
    const able = this.keys.filter(key => !except(key) && !this.exhaustionOf(key, model))
    return able.find(key => !this.isRefused(key)) ?? able[0]
  }

  /** @returns whether that is news */
  markRefused(key: ApiKey): boolean {
    const known = this.isRefused(key)
    this.refused.set(key, this.now() + REFUSED_KEY_COOLDOWN_MS)
    return !known
  }

  /** A key that was answered is as good as any. */
  markAccepted(key: ApiKey) {
    this.refused.delete(key)
  }

  /** Leaves a project alone for as long as the server says: with one model, where the quota is a model's. */
  markExhausted(key: ApiKey, model: string, { kind, quota, retryAfter = 0 }: EngineError) {
    const until = kind === 'quota-day' ? this.calendar.nextReset(this.now()) : this.now() + retryAfter
    const only = quota && !/PerModel/i.test(quota) ? undefined : model
    const id = JSON.stringify([key.bucket, only])
    const known = this.exhausted.get(id)
    if (known && known.until >= until) return
    this.exhausted.set(id, { bucket: key.bucket, model: only, until, kind })
  }

  /** What stands in the way of asking a model longest, and shortest of all keys: when asking makes sense again. */
  nextReset(models: readonly string[]): { until: number, kind: EngineErrorKind } | undefined {
    const waits = models.flatMap(model => this.keys.map(key => this.exhaustionOf(key, model)))
    if (waits.some(wait => !wait)) return
    return waits.reduce((best, wait) => best!.until <= wait!.until ? best : wait, waits[0])
  }

  count(key: ApiKey, failed = false) {
    const day = this.calendar.dayOf(this.now())
    const entry = this.used.get(key)
    const fresh = entry?.day === day ? entry : { day, requests: 0, failures: 0 }
    if (failed) fresh.failures++
    else fresh.requests++
    this.used.set(key, fresh)
  }

  status(): KeyStatus[] {
    const day = this.calendar.dayOf(this.now())
    return this.keys.map((key) => {
      const { bucket, position, secret } = key
      const used = this.used.get(key)
      const { requests, failures } = used?.day === day ? used : { requests: 0, failures: 0 }
      const exhausted = [...this.exhausted.values()]
        .filter(entry => entry.bucket === bucket && entry.until > this.now())
      return {
        bucket, position, requests, failures, refused: this.isRefused(key),
        tail: secret.length >= 16 ? secret.slice(-4) : '',
        exhausted: exhausted.map(({ model, until, kind }) => ({ model, until, kind })),
      }
    })
  }

  private isRefused(key: ApiKey) {
    return (this.refused.get(key) ?? 0) > this.now()
  }

  private exhaustionOf(key: ApiKey, model: string) {
    const found = [undefined, model].flatMap(only => this.exhausted.get(JSON.stringify([key.bucket, only])) ?? [])
      .filter(({ until }) => until > this.now())
    return found.sort((a, b) => b.until - a.until)[0] as { until: number, kind: EngineErrorKind } | undefined
  }
}
