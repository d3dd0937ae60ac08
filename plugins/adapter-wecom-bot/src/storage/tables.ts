import type { Context } from 'koishi'
import type { Trace } from './store'
import { TRACE_LIFE } from './store'

/** What the adapter keeps in Koishi's database. Texts named JSON are written and read whole. */

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
  /** Bot and msgid: inserting it is the claim. */
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
  /** Bot and task_id. */
  task: string
  /** JSON */
  card: string
  standing: boolean
  expires: Date
}

export interface AnswerRow {
  task: string
  userId: string
  /** JSON; inserting it is what counts: a second answer finds the first. */
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
  /** JSON; with a picture in it up to 3 MB. Whoever removes the row has the message. */
  body: string
  expires: Date
}

/** A group that a bot was spoken to in: for good, or an answer might end up in another one. */
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

/** The name of a message among all bots. */
export function nameOf({ owner, msgId }: Trace): string {
  return `${owner.botId}/${msgId}`
}

export function write(trace: Trace, now: number): TurnRow {
  const { streamId, msgId, owner, content, finished } = trace
  return {
    message: nameOf(trace),
    stream: streamId,
    msgId,
    botId: owner.botId,
    userId: owner.userId,
    chatId: owner.chatId ?? '',
    content,
    finished,
    shown: new Date(now),
    expires: new Date(now + TRACE_LIFE),
  }
}

export function read({ stream, msgId, botId, userId, chatId, content, finished }: TurnRow): Trace {
  return { streamId: stream, msgId, owner: { botId, userId, chatId: chatId || undefined }, content, finished }
}
