import { backoffMs, withTimeout } from 'common/async'
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

/** DingTalk's APIs in the name of one bot: rate-limited, counted, retried, with a valid token and a timeout. */
export class DingtalkApi {
  private refreshing?: Promise<void>

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
    const isCard = path.startsWith('card/')
    let hasRefreshed = false
    for (let attempt = 0; ;) {
      await app.rateLimiter.take()
      app.quota.spend()
      const { token } = this.bot
      try {
        const result = assertData(await this.withTimeout(request()))
        app.accepted(path)
        return result
      } catch (cause) {
        const error = toDingtalkError(cause)
        if (NOT_BILLED.includes(error.code)) app.quota.spend(-1)
        if (error.code === 'dingtalk/token-invalid' && !hasRefreshed) {
          hasRefreshed = true
          await this.refreshToken(token)
        } else if (retried.includes(error.code) && attempt < MAX_RETRIES) {
          await clock.sleep(backoffMs(attempt++, random))
        } else {
          const isDenied = error.code === 'dingtalk/permission-denied'
          const failure = isDenied && !error.scope
            ? new DingtalkError(error.code, error.message, { scope: scopes[path] })
            : error
          app.refused(path, failure, isCard)
          throw failure
        }
      }
    }
  }

  /** The adapter sets no timeout: a call without a response would block its chat. */
  private withTimeout<T>(result: Promise<T>): Promise<T> {
    return withTimeout(result, CALL_TIMEOUT_MS, this.options.clock, () => {
      throw new DingtalkError('dingtalk/connection-failed', 'DingTalk does not answer')
    })
  }

  /** Gets a new token, once for all calls that found theirs expired. */
  private async refreshToken(expired: string | undefined) {
    const { bot } = this
    if (bot.token !== expired) return
    this.refreshing ??= this.withTimeout(bot.refreshToken()).then(() => {}, (error) => {
      throw toDingtalkError(error)
    }).finally(() => this.refreshing = undefined)
    await this.refreshing
  }
}
