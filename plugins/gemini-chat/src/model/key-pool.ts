import type { EngineError, EngineErrorKind } from '../engine/error'
import { DEFAULT_PROVIDER, splitModel } from '../engine/providers'
import type { QuotaCalendar } from '../engine/types'
import type { Clock } from 'common/time'
import type { KeyChange, SharedKeys } from '../instances/shared-keys'
import { digestOf } from '../instances/shared-keys'

/** A key in the settings: the key alone, or with a name that all keys of one project share. */
export type KeySetting = string | { key: string, bucket?: string }

export interface ApiKey {
  readonly secret: string
  /** Keys of one project share a quota, and with it a bucket. */
  readonly bucket: string
  /** 1 for the first key in the settings. Logs name keys by position, never by the key itself. */
  readonly position: number
  /** Whose key it is; missing for the default provider. */
  readonly provider?: string
}

/** The providers that keys belong to. */
export interface KeyProviders {
  names: readonly string[]
  calendarOf(provider: string): QuotaCalendar
}

/** The state of a key, without the key. */
export interface KeyStatus extends Pick<ApiKey, 'bucket' | 'position'> {
  /** The last four characters; empty if the key is shorter than 16. */
  tail: string
  /** Since the provider's quota day began. */
  requests: number
  failures: number
  refused: boolean
  /** Used-up quotas: of one model, or of the whole project where `model` is missing. */
  exhausted: { model?: string, until: number, kind: EngineErrorKind }[]
}

/** How long a refused key, or one without credit, is tried last. After that it may have been fixed. */
const REFUSED_KEY_COOLDOWN_MS = 3_600_000

/**
 * Reads the keys of the settings. An entry may be missing or hold several keys, separated by commas or whitespace, as
 * environment variables do.
 */
export function parseKeys({ apiKeys }: { apiKeys: readonly KeySetting[] }): ApiKey[] {
  const split = (text?: string) => text?.match(/[^,\s]+/g) ?? []
  const entries = apiKeys.flatMap((entry) => {
    if (typeof entry === 'string' || !entry) return split(entry).map(secret => ({ secret, bucket: '' }))
    return split(entry.key).map(secret => ({ secret, bucket: entry.bucket?.trim() ?? '' }))
  })
  const unique = entries.filter(({ secret }, index) => entries.findIndex(entry => entry.secret === secret) === index)
  // Without a bucket, assume a project of its own.
  return unique.map(({ secret, bucket }, index) => ({ secret, bucket: bucket || `#${index + 1}`, position: index + 1 }))
}

function unpaidId({ position }: ApiKey, model?: string) {
  return JSON.stringify([position, model])
}

/** Names a key to other instances: several providers may have the same key, or none. */
function sharedName({ provider, secret }: ApiKey) {
  return provider === undefined ? secret : `${provider} ${secret}`
}

/** A used-up quota: of one model, or of the whole project where `model` is missing. */
interface Exhaustion {
  bucket: string
  model?: string
  kind: EngineErrorKind
  /** A quota per day is back at a moment, in milliseconds since 1970. */
  resetAt?: number
  /** A limit of short duration ends at a time of the monotonic clock. */
  endsAt?: number
}

/** The API keys, their use today, and which of them are refused or used up. Shared by all questions. */
export class KeyPool {
  private readonly exhausted = new Map<string, Exhaustion>()
  private readonly refused = new Map<ApiKey, number>()
  /** Until when a key is tried last for a model that its account cannot pay for. */
  private readonly unpaid = new Map<string, number>()
  private readonly used = new Map<ApiKey, { day: string, requests: number, failures: number }>()

  constructor(
    readonly keys: readonly ApiKey[],
    private readonly clock: Pick<Clock, 'now' | 'monotonic'>,
    private readonly calendar: QuotaCalendar,
    /** The other instances that use the same keys. */
    private readonly others?: Pick<SharedKeys, 'tell'>,
    private readonly providers?: KeyProviders,
  ) {}

  /** The first key whose project has quota left for the model; refused and unpaid keys come last. */
  pick(model: string, except: (key: ApiKey) => boolean = () => false): ApiKey | undefined {
    const usable = this.keysFor(model).filter(key => !except(key) && !this.exhaustionOf(key, model))
    return usable.find(key => !this.isRefused(key) && !this.isUnpaid(key, model)) ?? usable[0]
  }

  /** Whether the account of a key had no credit for a model lately. */
  isUnpaid(key: ApiKey, model: string): boolean {
    return [undefined, model].some(only => (this.unpaid.get(unpaidId(key, only)) ?? -Infinity) > this.clock.monotonic())
  }

  /** Tries a key last for an hour, because its account has no credit: for one model, or for all. */
  markUnpaid(key: ApiKey, model?: string) {
    this.others?.tell(sharedName(key), { name: 'unpaid', model, forMs: REFUSED_KEY_COOLDOWN_MS })
    this.unpaid.set(unpaidId(key, model), this.clock.monotonic() + REFUSED_KEY_COOLDOWN_MS)
  }

  /** @returns whether the key was not refused before */
  markRefused(key: ApiKey): boolean {
    const isNew = !this.isRefused(key)
    this.others?.tell(sharedName(key), { name: 'refused', forMs: REFUSED_KEY_COOLDOWN_MS })
    this.refused.set(key, this.clock.monotonic() + REFUSED_KEY_COOLDOWN_MS)
    return isNew
  }

  /** Clears the refusals of a key that was answered. */
  markAccepted(key: ApiKey, model?: string) {
    const wasRefused = this.refused.delete(key)
    const wasUnpaid = [undefined, model].map(only => this.unpaid.delete(unpaidId(key, only)))
    if (wasRefused || wasUnpaid.includes(true)) this.others?.tell(sharedName(key), { name: 'accepted', model })
  }

  /**
   * Another instance has learned something about a key.
   * @param digest of the key
   */
  learn(digest: string, change: KeyChange) {
    const key = this.keys.find(key => digestOf(sharedName(key)) === digest)
    if (!key) return
    const now = this.clock.monotonic()
    switch (change.name) {
      case 'refused':
        return void this.refused.set(key, now + change.forMs)
      case 'unpaid':
        return void this.unpaid.set(unpaidId(key, change.model), now + change.forMs)
      case 'accepted':
        this.refused.delete(key)
        for (const only of [undefined, change.model]) this.unpaid.delete(unpaidId(key, only))
        return
      case 'exhausted': {
        const { model, kind, forMs } = change
        this.exhaust({ bucket: key.bucket, model, kind: kind as EngineErrorKind, ...this.endIn(kind, forMs) })
        return
      }
      default:
        return change satisfies never
    }
  }

  /** Skips the project of a key until its quota is back: for one model, or for all if the quota is the project's. */
  markExhausted(key: ApiKey, model: string, { kind, isProjectWide, retryAfter = 0 }: EngineError) {
    const end = kind === 'quota-day'
      ? { resetAt: this.calendarOf(key).nextReset(this.clock.now()) }
      : { endsAt: this.clock.monotonic() + retryAfter }
    const only = isProjectWide ? undefined : model
    const exhaustion = { bucket: key.bucket, model: only, kind, ...end }
    if (!this.exhaust(exhaustion)) return
    const forMs = this.untilOf(exhaustion) - this.clock.now()
    this.others?.tell(sharedName(key), { name: 'exhausted', model: only, kind, forMs })
  }

  /** When the first key has quota again for one of the models; undefined if one has quota now. */
  nextReset(models: readonly string[]): { until: number, kind: EngineErrorKind } | undefined {
    const waits = models.flatMap(model => this.keysFor(model).map(key => this.exhaustionOf(key, model)))
    if (waits.some(wait => !wait)) return
    return waits.reduce((best, wait) => best!.until <= wait!.until ? best : wait, waits[0])
  }

  /** Counts a request, or the failure of one. */
  count(key: ApiKey, failed = false) {
    const day = this.calendarOf(key).dayOf(this.clock.now())
    const entry = this.used.get(key)
    const fresh = entry?.day === day ? entry : { day, requests: 0, failures: 0 }
    if (failed) fresh.failures++
    else fresh.requests++
    this.used.set(key, fresh)
  }

  status(): KeyStatus[] {
    return this.keys.map((key) => {
      const day = this.calendarOf(key).dayOf(this.clock.now())
      const { bucket, position, secret } = key
      const used = this.used.get(key)
      const { requests, failures } = used?.day === day ? used : { requests: 0, failures: 0 }
      const exhausted = [...this.exhausted.values()]
        .filter(entry => entry.bucket === bucket && !this.isOver(entry))
      return {
        bucket, position, requests, failures, refused: this.isRefused(key),
        tail: secret.length >= 16 ? secret.slice(-4) : '',
        exhausted: exhausted.map(entry => ({ model: entry.model, until: this.untilOf(entry), kind: entry.kind })),
      }
    })
  }

  /** @returns whether it lasts longer than what was known */
  private exhaust(exhaustion: Exhaustion): boolean {
    const id = JSON.stringify([exhaustion.bucket, exhaustion.model])
    const known = this.exhausted.get(id)
    if (known && this.untilOf(known) >= this.untilOf(exhaustion)) return false
    this.exhausted.set(id, exhaustion)
    return true
  }

  private endIn(kind: string, forMs: number) {
    return kind === 'quota-day' ? { resetAt: this.clock.now() + forMs } : { endsAt: this.clock.monotonic() + forMs }
  }

  /** The keys of the provider that has a model. */
  private keysFor(model: string): ApiKey[] {
    const { provider } = splitModel(model, this.providers?.names ?? [])
    return this.keys.filter(key => (key.provider ?? DEFAULT_PROVIDER) === provider)
  }

  private calendarOf({ provider }: ApiKey): QuotaCalendar {
    return (provider && this.providers?.calendarOf(provider)) || this.calendar
  }

  /** Whether a key was refused lately. */
  isRefused(key: ApiKey): boolean {
    return (this.refused.get(key) ?? -Infinity) > this.clock.monotonic()
  }

  private exhaustionOf(key: ApiKey, model: string) {
    const found = [undefined, model].flatMap(only => this.exhausted.get(JSON.stringify([key.bucket, only])) ?? [])
      .filter(entry => !this.isOver(entry))
      .map(entry => ({ until: this.untilOf(entry), kind: entry.kind }))
    return found.sort((a, b) => b.until - a.until).at(0)
  }

  private isOver(entry: Exhaustion) {
    return this.untilOf(entry) <= this.clock.now()
  }

  /** When the quota is back, in milliseconds since 1970, as the wall clock stands now. */
  private untilOf({ resetAt = 0, endsAt }: Exhaustion): number {
    return endsAt === undefined ? resetAt : this.clock.now() + endsAt - this.clock.monotonic()
  }
}
