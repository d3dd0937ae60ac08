import { createHash, timingSafeEqual } from 'node:crypto'
import type { CallbackErrorReason } from '../protocol/callback-error'

/** What one callback path has seen. */
export class CallbackStats {
  readonly refusals = new Map<CallbackErrorReason, number>()
  lastRefused?: { at: number, reason: CallbackErrorReason }
  verified = 0
  lastVerified?: number

  refused(reason: CallbackErrorReason, at: number) {
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1)
    this.lastRefused = { at, reason }
  }

  accepted(at: number) {
    this.verified++
    this.lastVerified = at
  }
}

/** How one bot stands. */
export interface BotHealth {
  selfId: string
  /** Turns being answered. */
  answering: number
  /** Turns that can still be asked for. */
  turns: number
  /** Messages waiting for their place at a webhook. */
  queued: number
}

/** As JSON, for people and health checks. Times are ISO 8601. */
export function report(tally: CallbackStats, bots: BotHealth[]): object {
  const time = (at?: number) => at === undefined ? null : new Date(at).toISOString()
  const { lastRefused } = tally
  return {
    lastVerified: time(tally.lastVerified),
    lastRefused: lastRefused ? { at: time(lastRefused.at), reason: lastRefused.reason } : null,
    bots,
  }
}

/** As Prometheus' text format. https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function metrics(tally: CallbackStats, bots: BotHealth[]): string {
  const gauge = (name: string, help: string, field: 'answering' | 'turns' | 'queued') => [
    `# HELP wecom_bot_${name} ${help}`,
    `# TYPE wecom_bot_${name} gauge`,
    ...bots.map(bot => `wecom_bot_${name}{bot="${label(bot.selfId)}"} ${bot[field]}`),
  ]
  return [
    '# HELP wecom_bot_callbacks_verified_total Callbacks that were properly signed.',
    '# TYPE wecom_bot_callbacks_verified_total counter',
    `wecom_bot_callbacks_verified_total ${tally.verified}`,
    '# HELP wecom_bot_callbacks_refused_total Callbacks that were refused, by reason.',
    '# TYPE wecom_bot_callbacks_refused_total counter',
    ...[...tally.refusals].map(([reason, count]) => `wecom_bot_callbacks_refused_total{reason="${reason}"} ${count}`),
    '# HELP wecom_bot_last_verified_timestamp_seconds When the last properly signed callback came.',
    '# TYPE wecom_bot_last_verified_timestamp_seconds gauge',
    `wecom_bot_last_verified_timestamp_seconds ${(tally.lastVerified ?? 0) / 1000}`,
    ...gauge('turns_answering', 'Turns that are being answered.', 'answering'),
    ...gauge('turns', 'Turns that can still be asked for.', 'turns'),
    ...gauge('webhook_queue', 'Messages waiting for their place at a webhook.', 'queued'),
  ].join('\n') + '\n'
}

/** Digests have one length whatever was given. */
function isSame(given: string, token: string) {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}

function label(value: string) {
  return value.replace(/[\\"\n]/g, char => char === '\n' ? '\\n' : '\\' + char)
}

/** The part of a request that tells who asks. */
export interface Asker {
  /** Of the connection itself. */
  address?: string
  headers: Record<string, string | string[] | undefined>
  httpVersion?: string
}

const forwarded = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']

/**
 * Whether somebody may see how the bots stand: from this machine and not through a proxy, or with the token.
 * A proxy on this machine connects from it for all the world.
 */
export function maySee({ address = '', headers, httpVersion }: Asker, token?: string): boolean {
  const [, given = ''] = /^Bearer (.+)$/.exec(String(headers.authorization ?? '')) ?? []
  if (token && isSame(given, token)) return true
  if (forwarded.some(name => headers[name] !== undefined)) return false
  // A proxy may say nothing of itself. It has asked for another host, or speaks as nginx does unless told otherwise.
  if (httpVersion === '1.0' || !isLocal(headers.host)) return false
  return /^(?:::ffff:)?127\.|^::1$/.test(address)
}

function isLocal(host: unknown) {
  return host === undefined || /^(?:127\.[\d.]+|localhost|\[::1\])(?::\d+)?$/i.test(String(host))
}
