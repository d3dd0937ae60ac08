import type { Clock } from '../clock'
import type { DingtalkApiError } from './api-error'
import { invalid } from './api-error'

/** One streaming update of a card. */
export interface CardFrame {
  guid: string
  content: string
  isFull: boolean
  isFinalize: boolean
  isError: boolean
  at: number
}

/** An AI card in a chat. */
export interface Card {
  outTrackId: string
  templateId: string
  /** The app that made it. */
  app?: string
  /** The template variable that is streamed into. */
  key?: string
  /** The chat it was delivered to: `IM_GROUP.<conversation>` or `IM_ROBOT.<user>`. */
  space: string
  /** As displayed: 处理中, 输入中, 完成, 失败. */
  state: 'processing' | 'typing' | 'finished' | 'failed'
  content: string
  frames: CardFrame[]
  /** The variables of the template that were set when it was created, or later. */
  params?: Record<string, string>
  /** The people that it mentions, by staff id with their names. */
  mentions?: Record<string, string>
}

/**
 * The template of DingTalk's own SDKs, which exists for every app. Its states are a variable; streaming changes none.
 * @see https://github.com/DingTalk-Real-AI/dingtalk-channel-sdk-nodejs/blob/main/SPEC.md
 */
export const PUBLIC_CARD_TEMPLATE = '02fcf2f4-5e02-4a85-b672-46d1f715543e.schema'

/** Applies an update to what the card displays. */
function applyFrame(card: Card, frame: CardFrame) {
  card.frames.push(frame)
  card.content = frame.isFull ? frame.content : card.content + frame.content
  if (card.templateId === PUBLIC_CARD_TEMPLATE) return void Object.assign(card.params!, { [card.key!]: card.content })
  card.state = frame.isError ? 'failed' : frame.isFinalize ? 'finished' : 'typing'
}

const FLOW_STATES: Record<string, Card['state']> = { 1: 'processing', 2: 'typing', 3: 'finished', 5: 'failed' }

/** Applies variables to what a card of the public template displays. */
function applyParams(card: Card) {
  const { flowStatus = '1', msgContent = card.content } = card.params ?? {}
  if (card.templateId !== PUBLIC_CARD_TEMPLATE) return
  card.state = FLOW_STATES[flowStatus]
  card.content = msgContent
}

/**
 * AI cards.
 * @see https://open.dingtalk.com/document/orgapp/create-and-deliver-cards
 * @see https://open.dingtalk.com/document/orgapp/api-streamingupdate
 */
export class Cards {
  readonly all: Card[] = []

  /** @param limit maximum bytes of content in one update */
  constructor(
    private readonly clock: Clock,
    private readonly templates: string[] | undefined,
    private readonly limit: number,
  ) {}

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  create(body: any): DingtalkApiError | object {
    const { outTrackId, cardTemplateId, openSpaceId = '', cardData } = body
    if (!outTrackId) return invalid('outTrackIdEmpty', 'outTrackId is empty')
    const isPublic = cardTemplateId === PUBLIC_CARD_TEMPLATE
    if (!cardTemplateId || (!isPublic && this.templates?.includes(cardTemplateId) === false)) {
      return invalid('templateNotExist', 'card template is not exist')
    }
    const [, type, id] = /^dtv1\.card\/\/(IM_GROUP|IM_ROBOT)\.(.+)$/.exec(openSpaceId) ?? []
    if (!id) return invalid('openSpaceId', 'openSpaceId is illegal')
    for (const value of Object.values(cardData?.cardParamMap ?? {})) {
      if (typeof value !== 'string') return invalid('cardParamMap', 'cardParamMap takes strings only')
    }
    const [model, deliver] = type === 'IM_GROUP'
      ? [body.imGroupOpenSpaceModel, body.imGroupOpenDeliverModel]
      : [body.imRobotOpenSpaceModel, body.imRobotOpenDeliverModel]
    const success = !!model && !!deliver?.robotCode && (type === 'IM_GROUP' || deliver.spaceType === 'IM_ROBOT')
    if (success && !this.find(outTrackId)) {
      const space = `${type}.${id}`
      const extra = { app: deliver.robotCode, params: { ...cardData?.cardParamMap }, mentions: deliver.atUserIds }
      const card: Card = { outTrackId, templateId: cardTemplateId, space, state: 'processing', content: '', frames: [], ...extra }
      applyParams(card)
      this.all.push(card)
    }
    const result = { spaceId: id, spaceType: type, success, errorMsg: success ? '' : 'deliver model is illegal' }
    return { success: true, result: { outTrackId, deliverResults: [result] } }
  }

  /**
   * Sets variables of a card, all of them by default.
   * @see https://open.dingtalk.com/document/orgapp/interactive-card-update-interface
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  update({ outTrackId, cardData, cardUpdateOptions }: any): DingtalkApiError | object {
    const card = this.find(outTrackId)
    if (!card) return invalid('outTrackId', 'outTrackId card is not exist')
    const values = cardData?.cardParamMap ?? {}
    if (Object.values(values).some(value => typeof value !== 'string')) return invalid('cardParamMap', 'cardParamMap takes strings only')
    const { updateCardDataByKey: isPartial } = cardUpdateOptions ?? {}
    card.params = isPartial ? { ...card.params, ...values } : values
    if (!isPartial || 'flowStatus' in values || 'msgContent' in values) applyParams(card)
    return { success: true, result: true }
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  stream(body: any): DingtalkApiError | object {
    const { outTrackId, guid, key, content, isFull, isFinalize = false, isError = false } = body
    if (!key) return invalid('keyEmpty', 'key is empty')
    if (!guid) return invalid('guidEmpty', 'guid is empty')
    if (typeof content !== 'string' || !(content || isFinalize || isError)) return invalid('contentEmpty', 'content is empty')
    if (isFull == null) return invalid('isFull', 'isFull null')
    if (!isFull) return invalid('isFull', 'a Markdown variable takes the full content only')
    const card = this.find(outTrackId)
    if (!card) return invalid('outTrackId', 'outTrackId card is not exist')
    if (Buffer.byteLength(content) > this.limit) return invalid('stream.content', 'content is too large')
    if (!card.frames.some(frame => frame.guid === guid)) {
      card.key = key
      applyFrame(card, { guid, content, isFull, isFinalize, isError, at: this.clock.now() })
    }
    return { success: true, result: true }
  }

  private find(outTrackId: string) {
    return this.all.find(card => card.outTrackId === outTrackId)
  }
}
