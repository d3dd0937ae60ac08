import type { Connection, ConnectionState } from './connection'
import { STANDBY_REASON, describeReason } from './connection-log'

/** The long connection for operators and health checks. Times are ISO 8601. */
export interface ConnectionReport {
  state: 'stopped' | 'standby' | 'connecting' | 'subscribing' | 'ready' | 'waiting'
  /** Since when it stands. */
  since: string | null
  reconnects: number
  lastFrame: string | null
  /** Why there is no connection, and what to do. */
  reason: string | null
}

export function reportConnection({ state, reconnects, lastFrameAt }: Connection): ConnectionReport {
  const time = (at?: number) => at === undefined ? null : new Date(at).toISOString()
  return {
    state: state.name,
    since: time(state.name === 'ready' ? state.since : undefined),
    reconnects,
    lastFrame: time(lastFrameAt),
    reason: reasonOf(state),
  }
}

function reasonOf(state: ConnectionState): string | null {
  if (state.name === 'standby') return STANDBY_REASON
  return 'reason' in state && state.reason ? describeReason(state.reason) : null
}
