import type { Session } from 'koishi'
import type { AttemptResult } from '../model/ask'
import type { UsageStore } from './usage-store'
import { channelOf, userOf } from './usage-store'

/** Returns a listener that records the usage of attempts. An attempt that the user stopped is not an error. */
export function recordUsage(store: Pick<UsageStore, 'add'>, session: Session, signal: AbortSignal) {
  return ({ model, usage = {}, error }: AttemptResult) => store.add(
    { user: userOf(session), channel: channelOf(session), model },
    {
      requests: 1,
      errors: error === undefined || signal.aborted ? 0 : 1,
      prompt: (usage.inputTokens ?? 0) + (usage.toolTokens ?? 0),
      answer: (usage.outputTokens ?? 0) + (usage.thinkingTokens ?? 0),
    },
  )
}
