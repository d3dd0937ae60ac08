/** A click on a button of a card. */
export interface CardClick {
  outTrackId: string
  userId: string
  /** Id of the conversation, where the card tells it. */
  spaceId?: string
  /** Id of the company. */
  corpId?: string
  /** Id of the action, as the template defines it. */
  actionId: string
  /** Parameters of the action, as the template defines them. */
  params: Record<string, unknown>
}

interface RawClick {
  outTrackId?: string
  userId?: string
  spaceId?: string
  corpId?: string
  value?: string
  content?: string
  cardPrivateData?: PrivateData
}

interface PrivateData {
  actionIds?: unknown[]
  params?: Record<string, unknown>
}

/**
 * Reads the callback for a click.
 * @returns `undefined` for what is no click
 * @see https://open.dingtalk.com/document/orgapp/event-callback-card
 */
export function readClick(data: unknown): CardClick | undefined {
  const { outTrackId, userId, spaceId, corpId, content, value, cardPrivateData } = (data ?? {}) as RawClick
  const { actionIds, params = {} } = cardPrivateData ?? privateData(content) ?? privateData(value) ?? {}
  const actionId = actionIds?.[0]
  if (!outTrackId || !userId || typeof actionId !== 'string') return
  return { outTrackId, userId, spaceId, corpId, actionId, params }
}

/** DingTalk sends it as a JSON text. */
function privateData(text: string | undefined): PrivateData | undefined {
  try {
    return (JSON.parse(text ?? '') as { cardPrivateData?: PrivateData } | null)?.cardPrivateData
  } catch {}
}
