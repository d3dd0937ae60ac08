import type { Bot, Session } from 'koishi'

/**
 * One update of a card.
 * @see https://open.dingtalk.com/document/orgapp/api-streamingupdate
 */
export interface CardFrame {
  outTrackId: string
  /** Idempotency key: new for each frame, the same for its retries. */
  guid: string
  /** Variable of the template. */
  key: string
  content: string
  /** Markdown variables take nothing but `true`. */
  isFull: boolean
  isFinalize: boolean
  isError: boolean
}

interface RequestOptions {
  timeout: number
  params?: Record<string, string | undefined>
}

interface HttpClient {
  put(url: string, data: object, options: RequestOptions): Promise<unknown>
  post(url: string, data: object, options: RequestOptions): Promise<unknown>
}

/** The parts of the stock adapter's bot that the companion uses, beside Koishi's own. */
export interface StockBot extends Bot {
  token?: string
  /** Replaced whenever the token is refreshed: read it for each call. */
  http: HttpClient & { ws(url: string): unknown }
  /** For the old API, which takes the token as a parameter. */
  oldHttp: HttpClient
  internal: {
    robotMessageFileDownload(params: object): Promise<unknown>
    createAndDeliver(params: object): Promise<unknown>
    batchSendOTO(params: object): Promise<unknown>
    orgGroupSend(params: object): Promise<unknown>
    getAccessToken(params: object): Promise<unknown>
  }
  config: {
    appkey: string
    secret: string
    protocol?: string
    agentId?: number
    oldApi?: { endpoint?: string }
  }
  refreshToken(): Promise<void>
  /** Every refresh starts a further chain of timers, unless this one is cleared first. */
  refreshTokenTimer?: NodeJS.Timeout
}

/** Whether a bot belongs to the stock DingTalk adapter. */
export function isStockBot(bot: unknown): bot is StockBot {
  const { platform, internal } = bot as Partial<StockBot>
  return platform === 'dingtalk' && typeof internal?.orgGroupSend === 'function'
}

/** Where messages go, as DingTalk's APIs name it. */
export interface Chat {
  isDirect: boolean
  /** Staff id of a person, or openConversationId of a group. */
  id: string
  /** Whether the API can send there: to people without a staff id only replies by webhook are possible. */
  isReachable: boolean
}

/** Ids of people who do not belong to the company begin like this. */
const EXTERNAL_ID = '$:LWCP_v1:'

/**
 * The chat behind a channel id of the stock adapter: of a direct chat that is the person.
 * @param session the message that is answered, where there is one
 */
export function chatOf(channelId: string, session?: Pick<Session, 'isDirect' | 'channelId'>): Chat {
  // Ids of conversations begin like this; the adapter's deleteMessage tells them apart by it, too.
  const isDirect = session?.channelId === channelId ? session.isDirect : !channelId.startsWith('cid')
  return { isDirect, id: channelId, isReachable: !isDirect || !channelId.startsWith(EXTERNAL_ID) }
}
