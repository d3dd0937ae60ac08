import type { Connection, ConnectionState } from './connection'
import type { Taker } from '../instances/connection-lease'
import { STANDBY_REASON, describeReason } from './connection-log'

/** The long connection for operators and health checks. Times are ISO 8601. */
export interface ConnectionReport {
  state: 'stopped' | 'standby' | 'connecting' | 'subscribing' | 'ready' | 'waiting'
  /** Since when it stands. */
  since: string | null
  reconnects: number
  lastFrame: string | null
  /** How often other processes have taken the bot, when they did last, and who that was as far as is known. */
  replaced: { times: number, last: string, by: Taker } | null
  /** Why there is no connection, and what to do. */
  reason: string | null
}

export function reportConnection({ state, reconnects, lastFrameAt, replacements }: Connection): ConnectionReport {
  const time = (at?: number) => at === undefined ? null : new Date(at).toISOString()
  return {
    state: state.name,
    since: time(state.name === 'ready' ? state.since : undefined),
    reconnects,
    lastFrame: time(lastFrameAt),
    replaced: replacements
      ? { times: replacements.count, last: new Date(replacements.at).toISOString(), by: replacements.by }
      : null,
    reason: reasonOf(state),
  }
}

function reasonOf(state: ConnectionState): string | null {
  if (state.name === 'standby') return STANDBY_REASON
  return 'reason' in state && state.reason ? describeReason(state.reason) : null
}
