import { withTimeout } from 'common/async'
import { ApiCalls, IDEMPOTENT, UNSENT } from './calls'
import type { ApiOptions } from './calls'
import type { App } from './app'
import { DingtalkError, assertData, assertOldApi, toDingtalkError } from './error'
import type { CardFrame, Chat, StockBot } from './stock-bot'
import type { SessionWebhook } from './session-webhooks'

const CALL_TIMEOUT_MS = 15_000
/** An answer that is ready waits for its card no longer than for two or three of these. */
const CARD_TIMEOUT_MS = 5000
const CARD_LIMIT_MS = 8000
const UPLOAD_TIMEOUT_MS = 60_000
const DOWNLOAD_TIMEOUT_MS = 4000

/** What a new card shows, and whom it mentions. */
export interface NewCard {
  /** Chosen by us; unique. */
  outTrackId: string
  template: string
  /** Variables of the template. */
  params: Record<string, string>
  /** Names of the people to mention, by staff id. Groups only. */
  mentions?: Record<string, string>
}

/** The text emotion that says that a message is being answered. */
export interface Reaction {
  msgId: string
  conversationId: string
}

interface Delivered {
  result?: { deliverResults?: { success?: boolean, errorMsg?: string, carrierId?: string }[] }
}

/** DingTalk's APIs in the name of one bot. */
export class DingtalkApi {
  private readonly calls: ApiCalls

  constructor(private readonly bot: StockBot, readonly app: App, private readonly options: ApiOptions) {
    this.calls = new ApiCalls(app, options)
  }

  /**
   * Creates an AI card and puts it into a chat.
   * @returns the key by which DingTalk names the message of the card, where it tells one
   * @throws {DingtalkError}
   * @see https://open.dingtalk.com/document/orgapp/create-and-deliver-cards
   */
  async createCard(chat: Chat, { outTrackId, template, params, mentions }: NewCard): Promise<string | undefined> {
    const { bot } = this
    const robotCode = bot.selfId
    const space = { supportForward: true }
    const models = chat.isDirect
      ? { imRobotOpenSpaceModel: space, imRobotOpenDeliverModel: { spaceType: 'IM_ROBOT', robotCode } }
      : {
          imGroupOpenSpaceModel: space,
          imGroupOpenDeliverModel: { robotCode, ...mentions && { atUserIds: mentions } },
        }
    const result = await this.calls.run('card/instances/createAndDeliver', () => bot.internal.createAndDeliver({
      cardTemplateId: template,
      outTrackId,
      callbackType: 'STREAM',
      cardData: { cardParamMap: params },
      openSpaceId: `dtv1.card//${chat.isDirect ? 'IM_ROBOT' : 'IM_GROUP'}.${chat.id}`,
      ...models,
      userIdType: 1,
    }), { retried: IDEMPOTENT, timeoutMs: CARD_TIMEOUT_MS, limitMs: CARD_LIMIT_MS })
    const { deliverResults = [] } = (result as Delivered).result ?? {}
    const failed = deliverResults.find(({ success }) => success === false)
    if (failed) throw new DingtalkError('dingtalk/request-refused', `the card was not delivered: ${failed.errorMsg}`)
    return deliverResults.find(({ carrierId }) => carrierId)?.carrierId
  }

  /**
   * Updates the text of a card.
   * @param persistent retry; without it a frame that fails is lost, and the next one makes up for it
   * @throws {DingtalkError}
   * @see https://open.dingtalk.com/document/orgapp/api-streamingupdate
   */
  async updateCard(frame: CardFrame, persistent: boolean) {
    const request = () => this.bot.http.put('/card/streaming', frame, { timeout: CARD_TIMEOUT_MS })
    const retries = persistent ? { retried: IDEMPOTENT, limitMs: CARD_LIMIT_MS } : {}
    await this.calls.run('card/streaming', request, { timeoutMs: CARD_TIMEOUT_MS, ...retries })
  }

  /**
   * Sets variables of a card, and leaves the others as they are.
   * @throws {DingtalkError}
   * @see https://open.dingtalk.com/document/orgapp/interactive-card-update-interface
   */
  async setCardParams(outTrackId: string, params: Record<string, string>) {
    const body = { outTrackId, cardData: { cardParamMap: params }, cardUpdateOptions: { updateCardDataByKey: true } }
    const request = () => this.bot.http.put('/card/instances', body, { timeout: CARD_TIMEOUT_MS })
    await this.calls.run('card/instances', request, {
      retried: IDEMPOTENT, timeoutMs: CARD_TIMEOUT_MS, limitMs: CARD_LIMIT_MS,
    })
  }

  /**
   * Sends a message in the name of the robot.
   * @param msgKey type of the message
   * @param msgParam JSON, by the type
   * @returns the key by which the message can be recalled
   * @throws {DingtalkError}
   * @see https://open.dingtalk.com/document/orgapp/types-of-messages-sent-by-robots
   */
  async send(chat: Chat, msgKey: string, msgParam: string): Promise<string> {
    const { bot, calls } = this
    const message = { msgKey, msgParam, robotCode: bot.selfId }
    const options = { retried: UNSENT, timeoutMs: CALL_TIMEOUT_MS }
    const result = chat.isDirect
      ? await calls.run('robot/oToMessages/batchSend', () => {
          return bot.internal.batchSendOTO({ ...message, userIds: [chat.id] })
        }, options)
      : await calls.run('robot/groupMessages/send', () => {
          return bot.internal.orgGroupSend({ ...message, openConversationId: chat.id })
        }, options)
    return (result as { processQueryKey: string }).processQueryKey
  }

  /**
   * Replies by the webhook of a session. Such a reply can mention people and is no API call, but it cannot be recalled.
   * @param mentions staff ids; the text has to contain `@` and each of them
   * @throws {DingtalkError}
   * @see https://open.dingtalk.com/document/orgapp/robot-reply-and-send-messages
   */
  async reply({ url }: SessionWebhook, markdown: { title: string, text: string }, mentions: string[]) {
    const at = { atUserIds: mentions, isAtAll: false }
    const body = { msgtype: 'markdown', markdown, ...mentions.length && { at } }
    this.app.messages.spend()
    try {
      const request = this.bot.oldHttp.post(url, body, { timeout: CALL_TIMEOUT_MS })
      assertOldApi(assertData(await withTimeout(request, CALL_TIMEOUT_MS, this.options.clock, () => {
        throw new DingtalkError('dingtalk/connection-failed', 'DingTalk does not answer')
      })))
    } catch (error) {
      throw toDingtalkError(error)
    }
  }

  /**
   * Uploads a file for use in messages.
   * @returns its media id
   * @throws {DingtalkError}
   * @see https://open.dingtalk.com/document/orgapp/upload-media-files
   */
  async upload(type: 'image' | 'voice' | 'video' | 'file', file: Blob, name: string): Promise<string> {
    const { bot } = this
    const result = await this.calls.run('media/upload', async () => {
      const form = new FormData()
      form.append('type', type)
      form.append('media', file, name)
      const params = { access_token: bot.token }
      return assertOldApi(await bot.oldHttp.post('/media/upload', form, { params, timeout: UPLOAD_TIMEOUT_MS }))
    }, { retried: UNSENT, timeoutMs: UPLOAD_TIMEOUT_MS })
    return (result as { media_id: string }).media_id
  }

  /**
   * The address from which a file in a message can be downloaded.
   * @throws {DingtalkError}
   * @see https://open.dingtalk.com/document/orgapp/download-the-file-content-of-the-robot-receiving-message
   */
  async downloadUrl(downloadCode: string): Promise<string> {
    const { bot } = this
    const body = { downloadCode, robotCode: bot.selfId }
    const request = () => bot.internal.robotMessageFileDownload(body)
    const options = { retried: IDEMPOTENT, timeoutMs: DOWNLOAD_TIMEOUT_MS, limitMs: DOWNLOAD_TIMEOUT_MS }
    const { downloadUrl } = await this.calls.run('robot/messageFiles/download', request, options) as { downloadUrl?: string }
    if (!downloadUrl) throw new DingtalkError('dingtalk/request-refused', 'DingTalk names no address for the file')
    return downloadUrl
  }

  /**
   * Puts the sign that a message was received on it, or takes it off.
   * @throws {DingtalkError}
   */
  async react({ msgId, conversationId }: Reaction, name: string, isRecalled = false) {
    const action = isRecalled ? 'recall' : 'reply'
    const body = {
      robotCode: this.bot.selfId,
      openMsgId: msgId,
      openConversationId: conversationId,
      emotionType: 2,
      emotionName: name,
      textEmotion: { emotionId: '2659900', emotionName: name, text: name, backgroundId: 'im_bg_1' },
    }
    const request = () => this.bot.http.post(`/robot/emotion/${action}`, body, { timeout: CARD_TIMEOUT_MS })
    await this.calls.run(`robot/emotion/${action}`, request, {
      retried: isRecalled ? IDEMPOTENT : [], timeoutMs: CARD_TIMEOUT_MS,
    })
  }
}
