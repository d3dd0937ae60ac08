import { createHash, timingSafeEqual } from 'node:crypto'
import type { CallbackErrorReason } from '../protocol/callback-error'
import type { SharedReport } from '../instances/shared-turns'
import type { ConnectionReport } from '../websocket/connection-report'

/** Counters of one callback path. Times are milliseconds since 1970. */
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

/** The current load of one bot. */
export interface BotStatus {
  selfId: string
  /** Turns that are being answered. */
  answering: number
  /** Turns that can still be polled. */
  turns: number
  /** Messages queued for webhooks. */
  queued: number
  /** Set with a long connection. */
  connection?: ConnectionReport
  /** Set with several instances. */
  shared?: SharedReport
}

/** A callback path for the page of koishi-plugin-assistant-status. */
export function snapshot(path: string, stats: CallbackStats, bots: BotStatus[]): object {
  const { lastVerified, lastRefused, refusals } = stats
  return { source: 'wecom-callback', path, lastVerified, lastRefused, refusals: Object.fromEntries(refusals), bots }
}

/** The status as JSON, for operators and health checks. Times are ISO 8601. */
export function report(tally: CallbackStats, bots: BotStatus[]): object {
  const time = (at?: number) => at === undefined ? null : new Date(at).toISOString()
  const { lastRefused } = tally
  return {
    lastVerified: time(tally.lastVerified),
    lastRefused: lastRefused ? { at: time(lastRefused.at), reason: lastRefused.reason } : null,
    bots,
  }
}

/**
 * The status in Prometheus' text format.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function metrics(tally: CallbackStats, bots: BotStatus[]): string {
  const gauge = (name: string, help: string, field: 'answering' | 'turns' | 'queued') => [
    `# HELP wecom_bot_${name} ${help}`,
    `# TYPE wecom_bot_${name} gauge`,
    ...bots.map(bot => `wecom_bot_${name}{bot="${label(bot.selfId)}"} ${bot[field]}`),
  ]
  return [
    '# HELP wecom_bot_callbacks_verified_total Callbacks with a valid signature.',
    '# TYPE wecom_bot_callbacks_verified_total counter',
    `wecom_bot_callbacks_verified_total ${tally.verified}`,
    '# HELP wecom_bot_callbacks_refused_total Callbacks that were refused, by reason.',
    '# TYPE wecom_bot_callbacks_refused_total counter',
    ...[...tally.refusals].map(([reason, count]) => `wecom_bot_callbacks_refused_total{reason="${reason}"} ${count}`),
    '# HELP wecom_bot_last_verified_timestamp_seconds Time of the last callback with a valid signature.',
    '# TYPE wecom_bot_last_verified_timestamp_seconds gauge',
    `wecom_bot_last_verified_timestamp_seconds ${(tally.lastVerified ?? 0) / 1000}`,
    ...gauge('turns_answering', 'Turns that are being answered.', 'answering'),
    ...gauge('turns', 'Turns that can still be polled.', 'turns'),
    ...gauge('webhook_queue', 'Messages queued for webhooks.', 'queued'),
    ...connectionMetrics(bots),
    ...sharedMetrics(bots),
  ].join('\n') + '\n'
}

function sharedMetrics(bots: BotStatus[]): string[] {
  const sharing = bots.filter(bot => bot.shared)
  if (!sharing.length) return []
  const metric = (name: string, help: string, value: (report: SharedReport) => number) => [
    `# HELP wecom_bot_${name} ${help}`,
    `# TYPE wecom_bot_${name} gauge`,
    ...sharing.map(({ selfId, shared }) => `wecom_bot_${name}{bot="${label(selfId)}"} ${value(shared!)}`),
  ]
  return [
    ...metric('shared_state_up', 'Whether the instances share their state.', ({ isDegraded }) => Number(!isDegraded)),
    ...metric('instances', 'Instances that see each other.', ({ instances }) => instances),
  ]
}

function connectionMetrics(bots: BotStatus[]): string[] {
  const connected = bots.filter(bot => bot.connection)
  if (!connected.length) return []
  const metric = (name: string, type: string, help: string, value: (report: ConnectionReport) => number) => [
    `# HELP wecom_bot_${name} ${help}`,
    `# TYPE wecom_bot_${name} ${type}`,
    ...connected.map(({ selfId, connection }) => `wecom_bot_${name}{bot="${label(selfId)}"} ${value(connection!)}`),
  ]
  const seconds = (time: string | null) => time ? Date.parse(time) / 1000 : 0
  return [
    ...metric('connection_up', 'gauge', 'Whether the long connection stands.', ({ state }) => Number(state === 'ready')),
    ...metric('connection_reconnects_total', 'counter', 'How often the long connection was made again.', report => report.reconnects),
    ...metric('connection_last_frame_timestamp_seconds', 'gauge', 'Time of the last frame from WeCom.', report => seconds(report.lastFrame)),
  ]
}

/** Compares digests, which have the same length for any input, in constant time. */
function isSame(given: string, token: string) {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}

function label(value: string) {
  return value.replace(/[\\"\n]/g, char => char === '\n' ? '\\n' : '\\' + char)
}

/** The part of a request that identifies its sender. */
export interface Requester {
  headers: Record<string, string | string[] | undefined>
}

/**
 * Whether the status may be read: with the token only. Addresses and other headers prove nothing, since proxies and
 * tunnels on this machine forward requests of the whole internet from 127.0.0.1.
 */
export function isAllowed({ headers }: Requester, token?: string): boolean {
  const [, given = ''] = /^Bearer (.+)$/.exec(String(headers.authorization ?? '')) ?? []
  return !!token && isSame(given, token)
}
