import { randomUUID } from 'node:crypto'
import type { Clock } from 'common/time'
import type { DingtalkApi } from '../api/api'
import type { DingtalkError } from '../api/error'
import { toCard } from '../render/markdown'
import type { OpenCardStore } from '../storage/open-cards'
import { showEnd } from './card-template'

/** A card that cannot be closed is given up after this. */
const MAX_AGE_MS = 86_400_000

/**
 * Closes the cards of an app that were left open, each with its stored text and notice. Where DingTalk cannot be
 * reached, they stay for the next time. It never throws.
 * @returns `hasSkipped` if another instance writes some of the cards or died a moment ago, `hasFailed` if some could
 * not be closed for now
 */
export async function closeLeftOpenCards(
  api: DingtalkApi, store: OpenCardStore, clock: Clock,
): Promise<{ hasSkipped: boolean, hasFailed: boolean }> {
  let hasSkipped = false
  for (const { outTrackId, template, key, content, notice, createdAt } of await store.leftOpen(api.app.id)) {
    if (!await store.takeOver(outTrackId)) {
      hasSkipped = true
      continue
    }
    const close = async (markdown: string): Promise<DingtalkError | undefined> => {
      const text = toCard(markdown)
      const flags = { isFull: true, isFinalize: true, isError: false }
      try {
        await api.updateCard({ outTrackId, guid: randomUUID(), key, content: text, ...flags }, true)
        await showEnd(api, outTrackId, { id: template, key }, { look: 'finished', text })
      } catch (error) {
        return error as DingtalkError
      }
    }
    let error = await close([content, notice].filter(Boolean).join('\n\n'))
    if (error?.code === 'dingtalk/content-too-large') error = await close(notice)
    const isTooOld = clock.now() - createdAt.getTime() > MAX_AGE_MS
    if (error?.isTemporary && !isTooOld) {
      store.leave(outTrackId)
      return { hasSkipped, hasFailed: true }
    }
    await store.remove(outTrackId)
  }
  return { hasSkipped, hasFailed: false }
}
