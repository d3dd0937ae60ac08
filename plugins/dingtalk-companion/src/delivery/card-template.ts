import type { DingtalkApi } from '../api/api'
import type { DingtalkError } from '../api/error'
import type { Config } from '../config'

/** How a card looks: 输入中, 完成 or 失败. */
export type CardLook = 'typing' | 'finished' | 'failed'

/** A template of AI cards. */
export interface CardTemplate {
  id: string
  /** Variable that holds the text. */
  key: string
}

/**
 * The template that DingTalk's own SDKs and its connector for OpenClaw use in apps of any company. How it looks is a
 * variable, which streaming does not change.
 * @see https://github.com/DingTalk-Real-AI/dingtalk-channel-sdk-nodejs/blob/main/SPEC.md
 */
export const BUILT_IN_TEMPLATE: CardTemplate = { id: '02fcf2f4-5e02-4a85-b672-46d1f715543e.schema', key: 'msgContent' }

/** Between two calls for a card of the built-in template: clients that still load the card show 内容加载失败. */
const BUILT_IN_CALL_GAP_MS = 500

/** Values of the variable `flowStatus`. */
const FLOW_STATUS: Record<CardLook, string> = { typing: '2', finished: '3', failed: '5' }

/** The template that the settings name, or else the built-in one, unless that is switched off. */
export function templateOf(
  { builtInCard, cardKey, cardTemplateId }: Pick<Config, 'builtInCard' | 'cardKey' | 'cardTemplateId'>,
): CardTemplate | undefined {
  if (cardTemplateId && cardTemplateId !== BUILT_IN_TEMPLATE.id) return { id: cardTemplateId, key: cardKey }
  return cardTemplateId || builtInCard ? BUILT_IN_TEMPLATE : undefined
}

/** Whether the template has a place for buttons. */
export function showsButtons(template: CardTemplate): boolean {
  return !isBuiltIn(template)
}

/** Milliseconds that pass between two calls for one card. */
export function callGapOf(template: CardTemplate): number {
  return isBuiltIn(template) ? BUILT_IN_CALL_GAP_MS : 0
}

/** The variables of a card with this text. */
export function paramsOf(template: CardTemplate, text: string, look: CardLook): Record<string, string> {
  const { key } = template
  if (!isBuiltIn(template)) return { [key]: text }
  return {
    [key]: text,
    flowStatus: FLOW_STATUS[look],
    staticMsgContent: '',
    sys_full_json_obj: JSON.stringify({ order: [key] }),
    config: JSON.stringify({ autoLayout: true }),
  }
}

/**
 * Shows that a card is complete, where streaming its last frame does not.
 * @throws {DingtalkError}
 */
export async function showEnd(
  api: Pick<DingtalkApi, 'setCardParams'>, outTrackId: string, template: Pick<CardTemplate, 'id' | 'key'>,
  { look, text }: { look: CardLook, text: string },
) {
  if (!isBuiltIn(template)) return
  try {
    await api.setCardParams(outTrackId, paramsOf(template, text, look))
  } catch (error) {
    if ((error as DingtalkError).isTemporary) throw error
    // The text is in the card already, and may be longer than a variable.
    await api.setCardParams(outTrackId, { flowStatus: FLOW_STATUS[look] })
  }
}

function isBuiltIn({ id }: CardTemplate): boolean {
  return id === BUILT_IN_TEMPLATE.id
}
