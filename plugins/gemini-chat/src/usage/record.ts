import type { Session } from 'koishi'
import type { AttemptResult } from '../model/ask'
import type { UsageStore } from './usage-store'
import { channelOf, userOf } from './usage-store'

/** Returns a listener that records the usage of attempts. An attempt that the user stopped is not an error. */
export function recordUsage(store: Pick<UsageStore, 'add'>, session: Session, signal: AbortSignal) {
  return ({ model, usage = {}, estimate, error }: AttemptResult) => store.add(
    { user: userOf(session), channel: channelOf(session), model },
    {
      requests: 1,
      errors: error === undefined || signal.aborted ? 0 : 1,
      prompt: (usage.inputTokens ?? estimate?.inputTokens ?? 0) + (usage.toolTokens ?? 0),
      answer: (usage.outputTokens ?? remaining(estimate?.outputTokens, usage.thinkingTokens)) + (usage.thinkingTokens ?? 0),
    },
  )
}

/** What an estimate of all output leaves for the visible answer. */
function remaining(outputTokens = 0, thinkingTokens = 0) {
  return Math.max(0, outputTokens - thinkingTokens)
}
