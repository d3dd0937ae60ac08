import type { Card } from './card'

/** A click on a button of a card. */
export interface CardClick {
  userId?: string
  /** Id of the action, as the template defines it. */
  actionId: string
  /** Parameters of the action, as the template defines them. */
  params?: Record<string, string>
}

/**
 * The callback for a click. `value` and `content` hold the same JSON text.
 * @see https://open.dingtalk.com/document/orgapp/event-callback-card
 */
export function clickData({ outTrackId, space }: Pick<Card, 'outTrackId' | 'space'>, { userId = 'manager4220', actionId, params = {} }: CardClick) {
  const [spaceType, spaceId] = space.split(/\.(.*)/s)
  const content = JSON.stringify({ cardPrivateData: { actionIds: [actionId], params } })
  return {
    outTrackId, userId, corpId: 'dingcorp', type: 'actionCallback', userIdType: 1, spaceId, spaceType, value: content, content,
    extension: '{}',
  }
}
