import type { Content } from './types'

/**
 * Removes calls without a result, and results without a call: providers refuse a request with either. Results belong to
 * the calls of the message before them. Messages that held nothing else are removed.
 */
export function withoutUnpairedTools(contents: Content[]): Content[] {
  if (!contents.some(({ parts }) => parts.some(isToolPart))) return contents
  let called = new Set<string>()
  return contents.flatMap(({ role, parts }, index) => {
    if (role !== 'tool') called = idsOf(parts, 'toolCall')
    const answered = role === 'tool' ? undefined : resultsAfter(contents, index)
    const kept = parts.filter(({ toolCall, toolResult }) => {
      if (toolCall) return answered?.has(toolCall.id)
      return !toolResult || (role === 'tool' && called.has(toolResult.id))
    })
    return kept.length ? [{ role, parts: kept }] : []
  })
}

function isToolPart({ toolCall, toolResult }: Content['parts'][number]) {
  return !!(toolCall ?? toolResult)
}

/** Ids of the results in the messages that follow directly. */
function resultsAfter(contents: Content[], index: number): Set<string> {
  const following = contents.slice(index + 1)
  const end = following.findIndex(({ role }) => role !== 'tool')
  return idsOf(following.slice(0, end < 0 ? undefined : end).flatMap(({ parts }) => parts), 'toolResult')
}

function idsOf(parts: Content['parts'], kind: 'toolCall' | 'toolResult'): Set<string> {
  return new Set(parts.flatMap(part => part[kind]?.id ?? []))
}
