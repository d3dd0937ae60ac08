import { backoff } from '../../../gemini-chat/src/util/backoff'
import type { Clock } from '../../../gemini-chat/src/util/clock'
import type { App } from './app'
import type { DingtalkBot, Frame, Place } from './stock-bot'
import { checked, Refusal, refusalOf } from './error'
import type { RefusalKind } from './error'

const TIMEOUT = 15_000

/** The permission each call needs. */
const scopes = {
  'card/instances/createAndDeliver': 'Card.Instance.Write',
  'card/streaming': 'Card.Streaming.Write',
  'robot/oToMessages/batchSend': 'qyapi_robot_sendmsg',
  'robot/groupMessages/send': 'qyapi_robot_sendmsg',
}

type Path = keyof typeof scopes

interface Created {
  result?: { deliverResults?: { success?: boolean, errorMsg?: string }[] }
}

export interface ApiOptions {
  clock: Clock
  random: () => number
}

/** DingTalk's APIs, in the name of one bot: not too fast, counted, and with a token that is valid. */
export class Api {
  private refreshing?: Promise<void>

  constructor(private readonly bot: DingtalkBot, readonly app: App, private readonly options: ApiOptions) {}

  /**
   * Puts an AI card into a chat.
   * @throws {Refusal}
   * @see https://open.dingtalk.com/document/orgapp/create-and-deliver-cards
   */
  async createCard(place: Place, outTrackId: string, cardTemplateId: string, key: string) {
    const { bot } = this
    const robotCode = bot.selfId
    const space = { supportForward: true }
    const models = place.isDirect
      ? { imRobotOpenSpaceModel: space, imRobotOpenDeliverModel: { spaceType: 'IM_ROBOT', robotCode } }
      : { imGroupOpenSpaceModel: space, imGroupOpenDeliverModel: { robotCode } }
    const result = await this.call('card/instances/createAndDeliver', ['qps', 'unsent', 'network'], () => {
      return bot.internal.createAndDeliver({
        cardTemplateId,
        outTrackId,
        callbackType: 'STREAM',
        cardData: { cardParamMap: { [key]: '' } },
        openSpaceId: `dtv1.card//${place.isDirect ? 'IM_ROBOT' : 'IM_GROUP'}.${place.id}`,
        ...models,
        userIdType: 1,
      })
    })
    const { deliverResults = [] } = (result as Created).result ?? {}
    const failed = deliverResults.find(({ success }) => success === false)
    if (failed) throw new Refusal('other', `the card was not delivered: ${failed.errorMsg}`)
  }

  /**
   * Shows a state of a card.
   * @param persistent tries again what may pass: without it a frame that comes at a bad time is lost
   * @throws {Refusal}
   * @see https://open.dingtalk.com/document/orgapp/api-streamingupdate
   */
  async stream(frame: Frame, persistent: boolean) {
    await this.call('card/streaming', persistent ? ['qps', 'unsent', 'network'] : [], () => {
      return this.bot.http.put('/card/streaming', frame, { timeout: TIMEOUT })
    })
  }

  /**
   * Sends a message with real Markdown, which the adapter's own would show as it is written.
   * @throws {Refusal}
   * @see https://open.dingtalk.com/document/orgapp/types-of-messages-sent-by-robots
   */
  async send(place: Place, msgParam: string): Promise<string> {
    const { bot } = this
    const message = { msgKey: 'sampleMarkdown', msgParam, robotCode: bot.selfId }
    // What may have arrived is not sent again: people would read it twice.
    const result = place.isDirect
      ? await this.call('robot/oToMessages/batchSend', ['qps', 'unsent'], () => {
          return bot.internal.batchSendOTO({ ...message, userIds: [place.id] })
        })
      : await this.call('robot/groupMessages/send', ['qps', 'unsent'], () => {
          return bot.internal.orgGroupSend({ ...message, openConversationId: place.id })
        })
    return (result as { processQueryKey: string }).processQueryKey
  }

  /** @param passing the failures after which it is tried again */
  private async call(path: Path, passing: RefusalKind[], task: () => Promise<unknown>): Promise<unknown> {
    const { app, options: { clock, random } } = this
    const isCard = path.startsWith('card/')
    let refreshed = false
    for (let attempt = 0; ;) {
      await app.bucket.take()
      app.budget.spend()
      const { token } = this.bot
      try {
        const result = checked(await this.limit(task()))
        app.accepted(path)
        return result
      } catch (error) {
        const refusal = refusalOf(error)
        if (['qps', 'token', 'unsent'].includes(refusal.kind)) app.budget.spend(-1)
        if (refusal.kind === 'token' && !refreshed) {
          refreshed = true
          await this.refresh(token)
        } else if (passing.includes(refusal.kind) && attempt < 3) {
          await clock.sleep(backoff(attempt++, random))
        } else {
          const { kind, message, scope = kind === 'permission' ? scopes[path] : undefined } = refusal
          app.refused(path, new Refusal(kind, message, scope), isCard)
          throw refusal
        }
      }
    }
  }

  /** Answers that never come would hold up the conversation; the adapter itself waits for ever. */
  private async limit(result: Promise<unknown>): Promise<unknown> {
    const done = new AbortController()
    const late = this.options.clock.sleep(TIMEOUT, done.signal).then(() => {
      if (!done.signal.aborted) throw new Refusal('network', 'DingTalk does not answer')
    })
    try {
      return await Promise.race([result, late])
    } finally {
      done.abort()
    }
  }

  /** Gets another token, once for all calls that found theirs expired. */
  private async refresh(expired: string | undefined) {
    const { bot } = this
    if (bot.token !== expired) return
    clearTimeout(bot.refreshTokenTimer)
    this.refreshing ??= this.limit(bot.refreshToken()).then(() => {}, (error) => {
      throw refusalOf(error)
    }).finally(() => this.refreshing = undefined)
    await this.refreshing
  }
}
