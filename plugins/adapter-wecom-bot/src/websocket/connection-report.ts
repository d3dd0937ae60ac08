import type { Connection } from './connection'
import { describeReason } from './connection-log'

/** The long connection for operators and health checks. Times are ISO 8601. */
export interface ConnectionReport {
  state: 'stopped' | 'connecting' | 'subscribing' | 'ready' | 'waiting'
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
    reason: 'reason' in state && state.reason ? describeReason(state.reason) : null,
  }
}
