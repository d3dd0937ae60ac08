import type { Session } from 'koishi'
import type { TokenUsage } from '../engine/types'
import type { AttemptResult } from '../model/ask'
import type { TokenEstimate } from '../model/received-tokens'
import type { UsageStore } from './usage-store'
import { channelOf, userOf } from './usage-store'

/** Returns a listener that records the usage of attempts. An attempt that the user stopped is not an error. */
export function recordUsage(store: Pick<UsageStore, 'add'>, session: Session, signal: AbortSignal) {
  return ({ model, usage, estimate, error }: AttemptResult) => store.add(
    { user: userOf(session), channel: channelOf(session), model },
    {
      requests: 1,
      errors: error === undefined || signal.aborted ? 0 : 1,
      ...countTokens(usage, estimate),
    },
  )
}

/** The tokens that a model reports, and the estimate of what it does not report. */
export function countTokens(usage: TokenUsage = {}, estimate?: TokenEstimate) {
  const { inputTokens, toolTokens = 0, outputTokens, thinkingTokens = 0 } = usage
  const answer = outputTokens ?? remaining(estimate?.outputTokens, thinkingTokens)
  return { prompt: (inputTokens ?? estimate?.inputTokens ?? 0) + toolTokens, answer: answer + thinkingTokens }
}

/** What an estimate of all output leaves for the visible answer. */
function remaining(outputTokens = 0, thinkingTokens = 0) {
  return Math.max(0, outputTokens - thinkingTokens)
}
