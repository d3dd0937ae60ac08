import type { Context } from 'koishi'

/**
 * The adapter's tables in Koishi's database. Ids come from outside, and databases compare text as their collation says,
 * by default without regard to case: keys are hashes of ids (`rowKey`), and ids are `text`, which no condition names.
 */

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
  /** Row key of bot and message. Inserting the row claims the message. */
  message: string
  /** Id of the stream: made by this plugin, in lower case. */
  stream: string
  msgId: string
  botId: string
  userId: string
  chatId: string
  content: string
  finished: boolean
  /** `req_id` of the message on the long connection, as long as its last frame is not confirmed; else empty. */
  request: string
  shown: Date
  expires: Date
}

export interface CardRow {
  /** Row key of bot and `task_id`. */
  task: string
  /** JSON */
  card: string
  standing: boolean
  expires: Date
}

export interface AnswerRow {
  /** As in `CardRow`. */
  task: string
  /** Row key of the person. */
  userId: string
  /** JSON. Inserting the row decides whose answer counts. */
  answer: string
  expires: Date
}

export interface OpinionRow {
  /** Row key of the rated answer. */
  stream: string
  /** Row key of the person. */
  userId: string
  /** JSON */
  opinion: string
  expires: Date
}

export interface PushRow {
  id: number
  /** Hash of the webhook's address. */
  target: string
  /** JSON; up to 3 MB with an image. The process that removes the row sends the message. */
  body: string
  expires: Date
}

/** A group that a bot received a message from. Kept for good: the default webhook is used for a single group only. */
export interface GroupRow {
  /** Row key of the bot. */
  botId: string
  /** Row key of the group. */
  chatId: string
  /** The group's id. */
  chat: string
}

export function declareTables(ctx: Context) {
  ctx.model.extend('wecom_bot_turn', {
    message: 'string(255)',
    stream: 'string(63)',
    msgId: 'text',
    botId: 'text',
    userId: 'text',
    chatId: 'text',
    content: 'text',
    finished: 'boolean',
    request: 'text',
    shown: 'timestamp',
    expires: 'timestamp',
  }, { primary: 'message', indexes: ['stream', 'expires'] })
  ctx.model.extend('wecom_bot_card', {
    task: 'string(255)',
    card: 'text',
    standing: 'boolean',
    expires: 'timestamp',
  }, { primary: 'task', indexes: ['expires'] })
  ctx.model.extend('wecom_bot_answer', {
    task: 'string(255)',
    userId: 'string(127)',
    answer: 'text',
    expires: 'timestamp',
  }, { primary: ['task', 'userId'], indexes: ['expires'] })
  ctx.model.extend('wecom_bot_opinion', {
    stream: 'string(64)',
    userId: 'string(127)',
    opinion: 'text',
    expires: 'timestamp',
  }, { primary: ['stream', 'userId'], indexes: ['expires'] })
  ctx.model.extend('wecom_bot_push', {
    id: 'unsigned',
    target: 'string(63)',
    body: { type: 'text', length: 2 ** 24 - 1 },
    expires: 'timestamp',
  }, { autoInc: true, indexes: ['expires'] })
  ctx.model.extend('wecom_bot_group', {
    botId: 'string(127)',
    chatId: 'string(127)',
    chat: 'text',
  }, { primary: ['botId', 'chatId'] })
}
