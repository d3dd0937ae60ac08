import type { Bot, Session } from 'koishi'

/** A frame of a card that is being written. */
export interface Frame {
  outTrackId: string
  guid: string
  key: string
  content: string
  isFull: boolean
  isFinalize: boolean
  isError: boolean
}

/** What the stock adapter's bot has beyond Koishi's. */
export interface DingtalkBot extends Bot {
  token?: string
  /** Replaced whenever the token is refreshed. */
  http: {
    put(url: string, data: object, config: { timeout: number }): Promise<unknown>
  }
  internal: {
    createAndDeliver(params: object): Promise<unknown>
    batchSendOTO(params: object): Promise<unknown>
    orgGroupSend(params: object): Promise<unknown>
    getAccessToken(params: object): Promise<unknown>
  }
  config: { appkey: string, secret: string, protocol?: string }
  refreshToken(): Promise<void>
  /** Each refresh starts another chain of these. */
  refreshTokenTimer?: NodeJS.Timeout
}

/** Whether a bot is one of the stock adapter. */
export function isDingtalk(bot: unknown): bot is DingtalkBot {
  const { platform, internal } = bot as Partial<DingtalkBot>
  return platform === 'dingtalk' && typeof internal?.orgGroupSend === 'function'
}

/** A chat, as DingTalk's APIs name it. */
export interface Place {
  isDirect: boolean
  /** A person or a conversation. */
  id: string
}

export function placeOf({ isDirect, userId, channelId }: Pick<Session, 'isDirect' | 'userId' | 'channelId'>): Place {
  return { isDirect, id: (isDirect ? userId : channelId)! }
}
