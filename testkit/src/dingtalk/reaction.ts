import type { DingtalkApiError } from './api-error'
import { invalid } from './api-error'

/** A text emotion that the robot has put on a message. */
export interface Reaction {
  msgId: string
  conversationId: string
  name: string
  /** Whether it was taken back. */
  isRecalled: boolean
}

/**
 * Reactions of the robot to messages.
 * @see https://open.dingtalk.com/document/development/robot-emotion-reply
 */
export class Reactions {
  readonly all: Reaction[] = []

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  add(body: any): DingtalkApiError | object {
    const refusal = check(body)
    if (refusal) return refusal
    const { openMsgId: msgId, openConversationId: conversationId, emotionName: name } = body
    this.all.push({ msgId, conversationId, name, isRecalled: false })
    return { success: true }
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  remove(body: any): DingtalkApiError | object {
    const refusal = check(body)
    if (refusal) return refusal
    const reaction = this.all.find(({ msgId, name, isRecalled }) => {
      return !isRecalled && msgId === body.openMsgId && name === body.emotionName
    })
    if (!reaction) return invalid('openMsgId', 'the message carries no such emotion')
    reaction.isRecalled = true
    return { success: true }
  }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
function check({ robotCode, openMsgId, openConversationId, emotionType, emotionName, textEmotion }: any) {
  if (!robotCode || !openMsgId || !openConversationId) return invalid('empty', 'a required parameter is empty')
  if (emotionType !== 2) return invalid('emotionType', 'emotionType must be 2')
  const { emotionId, backgroundId, text, emotionName: name } = textEmotion ?? {}
  if (!emotionId || !backgroundId || !text || name !== emotionName) return invalid('textEmotion', 'textEmotion is illegal')
}
