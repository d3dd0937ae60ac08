import type { Context } from 'koishi'

/** The adapter's tables in Koishi's database. */

declare module 'koishi' {
  interface Tables {
    wecom_bot_turn: TurnRow
    wecom_bot_card: CardRow
    wecom_bot_answer: AnswerRow
    wecom_bot_opinion: OpinionRow
    wecom_bot_push: PushRow
    wecom_bot_group: GroupRow
  }
}

export interface TurnRow {
  /** `<bot id>/<msgid>`. Inserting the row claims the message. */
  message: string
  stream: string
  msgId: string
  botId: string
  userId: string
  chatId: string
  content: string
  finished: boolean
  shown: Date
  expires: Date
}

export interface CardRow {
  /** `<bot id>/<task_id>`. */
  task: string
  /** JSON */
  card: string
  standing: boolean
  expires: Date
}

export interface AnswerRow {
  task: string
  userId: string
  /** JSON. Inserting the row decides whose answer counts. */
  answer: string
  expires: Date
}

export interface OpinionRow {
  stream: string
  userId: string
  /** JSON */
  opinion: string
  expires: Date
}

export interface PushRow {
  id: number
  target: string
  /** JSON; up to 3 MB with an image. The process that removes the row sends the message. */
  body: string
  expires: Date
}

/** A group that a bot received a message from. Kept for good: the default webhook is used for a single group only. */
export interface GroupRow {
  botId: string
  chatId: string
}

export function declareTables(ctx: Context) {
  ctx.model.extend('wecom_bot_turn', {
    message: 'string(255)',
    stream: 'string(63)',
    msgId: 'string(255)',
    botId: 'string(127)',
    userId: 'string(127)',
    chatId: 'string(127)',
    content: 'text',
    finished: 'boolean',
    shown: 'timestamp',
    expires: 'timestamp',
  }, { primary: 'message', indexes: ['stream', 'expires'] })
  ctx.model.extend('wecom_bot_card', {
    task: 'string(255)',
    card: 'text',
    standing: 'boolean',
    expires: 'timestamp',
  }, { primary: 'task' })
  ctx.model.extend('wecom_bot_answer', {
    task: 'string(255)',
    userId: 'string(127)',
    answer: 'text',
    expires: 'timestamp',
  }, { primary: ['task', 'userId'] })
  ctx.model.extend('wecom_bot_opinion', {
    stream: 'string(63)',
    userId: 'string(127)',
    opinion: 'text',
    expires: 'timestamp',
  }, { primary: ['stream', 'userId'] })
  ctx.model.extend('wecom_bot_push', {
    id: 'unsigned',
    target: 'string(63)',
    body: { type: 'text', length: 2 ** 24 - 1 },
    expires: 'timestamp',
  }, { autoInc: true })
  ctx.model.extend('wecom_bot_group', {
    botId: 'string(127)',
    chatId: 'string(127)',
  }, { primary: ['botId', 'chatId'] })
}
