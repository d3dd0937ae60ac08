import { backoffMs, retry, withTimeout } from 'common/async'
import type { Clock } from 'common/time'
import type { App } from './app'
import { DingtalkError, assertData, toDingtalkError } from './error'
import type { DingtalkErrorCode } from './error'
import type { CardFrame, Chat, StockBot } from './stock-bot'

const CALL_TIMEOUT_MS = 15_000

const MAX_RETRIES = 3

/** Permission that each call needs. */
const scopes = {
  'card/instances/createAndDeliver': 'Card.Instance.Write',
  'card/streaming': 'Card.Streaming.Write',
  'robot/oToMessages/batchSend': 'qyapi_robot_sendmsg',
  'robot/groupMessages/send': 'qyapi_robot_sendmsg',
}

type Path = keyof typeof scopes

/** Calls that take effect once however often they are made are repeated even if the first may have arrived. */
const IDEMPOTENT: DingtalkErrorCode[] = ['dingtalk/too-fast', 'dingtalk/unreachable', 'dingtalk/connection-failed']

/** Messages are repeated only if the first certainly did not arrive. */
const UNSENT: DingtalkErrorCode[] = ['dingtalk/too-fast', 'dingtalk/unreachable']

const NOT_BILLED: DingtalkErrorCode[] = ['dingtalk/too-fast', 'dingtalk/token-invalid', 'dingtalk/unreachable']

interface Created {
  result?: { deliverResults?: { success?: boolean, errorMsg?: string }[] }
}

export interface ApiOptions {
  clock: Clock
  random: () => number
}

/** DingTalk's APIs in the name of one bot: rate-limited, counted, retried, with a time limit. */
export class DingtalkApi {
  constructor(private readonly bot: StockBot, readonly app: App, private readonly options: ApiOptions) {}

  /**
   * Creates an AI card and puts it into a chat.
   * @param outTrackId chosen by us; unique
   * @param key variable of the template that holds the text
   * @throws {DingtalkError}
   * @see https://open.dingtalk.com/document/orgapp/create-and-deliver-cards
   */
  async createCard(chat: Chat, outTrackId: string, cardTemplateId: string, key: string) {
    const { bot } = this
    const robotCode = bot.selfId
    const space = { supportForward: true }
    const models = chat.isDirect
      ? { imRobotOpenSpaceModel: space, imRobotOpenDeliverModel: { spaceType: 'IM_ROBOT', robotCode } }
      : { imGroupOpenSpaceModel: space, imGroupOpenDeliverModel: { robotCode } }
    const result = await this.call('card/instances/createAndDeliver', IDEMPOTENT, () => {
      return bot.internal.createAndDeliver({
        cardTemplateId,
        outTrackId,
        callbackType: 'STREAM',
        cardData: { cardParamMap: { [key]: '' } },
        openSpaceId: `dtv1.card//${chat.isDirect ? 'IM_ROBOT' : 'IM_GROUP'}.${chat.id}`,
        ...models,
        userIdType: 1,
      })
    })
    const { deliverResults = [] } = (result as Created).result ?? {}
    const failed = deliverResults.find(({ success }) => success === false)
    if (failed) throw new DingtalkError('dingtalk/request-refused', `the card was not delivered: ${failed.errorMsg}`)
  }

  /**
   * Updates a card.
   * @param persistent retry; without it a frame that fails is lost, and the next one makes up for it
   * @throws {DingtalkError}
   * @see https://open.dingtalk.com/document/orgapp/api-streamingupdate
   */
  async updateCard(frame: CardFrame, persistent: boolean) {
    await this.call('card/streaming', persistent ? IDEMPOTENT : [], () => {
      return this.bot.http.put('/card/streaming', frame, { timeout: CALL_TIMEOUT_MS })
    })
  }

  /**
   * Sends a message of raw Markdown. The adapter's own messages show the source instead.
   * @param msgParam JSON with `title` and `text`
   * @returns the key by which the message can be recalled
   * @throws {DingtalkError}
   * @see https://open.dingtalk.com/document/orgapp/types-of-messages-sent-by-robots
   */
  async sendMarkdown(chat: Chat, msgParam: string): Promise<string> {
    const { bot } = this
    const message = { msgKey: 'sampleMarkdown', msgParam, robotCode: bot.selfId }
    const result = chat.isDirect
      ? await this.call('robot/oToMessages/batchSend', UNSENT, () => {
          return bot.internal.batchSendOTO({ ...message, userIds: [chat.id] })
        })
      : await this.call('robot/groupMessages/send', UNSENT, () => {
          return bot.internal.orgGroupSend({ ...message, openConversationId: chat.id })
        })
    return (result as { processQueryKey: string }).processQueryKey
  }

  /** @param retried codes after which the call is repeated */
  private async call(path: Path, retried: DingtalkErrorCode[], request: () => Promise<unknown>): Promise<unknown> {
    const { app, options: { clock, random } } = this
    try {
      const result = await retry(() => this.attempt(request), {
        clock,
        attempts: 1 + MAX_RETRIES,
        delayMs: (error, attempt) => {
          return retried.includes((error as DingtalkError).code) ? backoffMs(attempt, random) : undefined
        },
      })
      app.accepted(path)
      return result
    } catch (error) {
      const { code, message, scope } = error as DingtalkError
      const isUnnamed = code === 'dingtalk/permission-denied' && !scope
      const failure = isUnnamed ? new DingtalkError(code, message, { scope: scopes[path] }) : error as DingtalkError
      app.refused(path, failure, path.startsWith('card/'))
      throw failure
    }
  }

  /** One try, which is billed unless DingTalk says otherwise. */
  private async attempt(request: () => Promise<unknown>): Promise<unknown> {
    const { app, options: { clock } } = this
    await app.rateLimiter.take()
    app.quota.spend()
    try {
      // The adapter sets no time limit: a call without a response would block its chat.
      return assertData(await withTimeout(request(), CALL_TIMEOUT_MS, clock, () => {
        throw new DingtalkError('dingtalk/connection-failed', 'DingTalk does not answer')
      }))
    } catch (cause) {
      const error = toDingtalkError(cause)
      if (NOT_BILLED.includes(error.code)) app.quota.spend(-1)
      throw error
    }
  }
}
