import type { Context } from 'koishi'

declare module 'koishi' {
  interface Tables {
    gemini_dingtalk_card: OpenCardRow
    gemini_dingtalk_message: SeenMessageRow
    gemini_dingtalk_usage: FormerUsageRow
    dingtalk_usage: MonthlyUsageRow
    dingtalk_unanswered: UnansweredRow
  }
}

/** A card that is being written, with what it takes to close it after a crash. */
export interface OpenCardRow {
  outTrackId: string
  /** Row key of the app key. */
  app: string
  /** Id of the template; empty in rows of earlier versions. */
  template: string
  /** Variable of the template. */
  key: string
  /** Markdown of the newest frame. */
  content: string
  /** Note to put below the content. */
  notice: string
  createdAt: Date
}

/** What one process has counted in a month. */
export interface MonthlyUsageRow {
  /** Row key of counter, month and process. */
  key: string
  /** Row key of the app key and of what is counted. */
  counter: string
  month: string
  count: number
}

/** API calls of an app in a month, as earlier versions stored them. */
export interface FormerUsageRow {
  app: string
  month: string
  calls: number
}

/** A message that was handled. */
export interface SeenMessageRow {
  /** Row key of the app key and the message id. */
  id: string
  at: Date
}

/** A message that the chat has heard nothing of yet. */
export interface UnansweredRow {
  /** Row key of the app key and the message id. */
  id: string
  /** Row key of the app key. */
  app: string
  /** Koishi's channel. */
  channelId: string
  at: Date
}

/**
 * Declares the tables; works before there is a database. Some are named after the plugin that had them first, so that
 * existing rows stay valid.
 */
export function declareTables(ctx: Context) {
  ctx.model.extend('gemini_dingtalk_card', {
    outTrackId: 'string(64)',
    app: 'string(255)',
    template: { type: 'string', length: 255, initial: '' },
    key: 'string(255)',
    content: 'text',
    notice: 'text',
    createdAt: 'timestamp',
  }, { primary: 'outTrackId', indexes: ['app'] })
  ctx.model.extend('gemini_dingtalk_usage', {
    app: 'string(255)',
    month: 'string(7)',
    calls: 'unsigned',
  }, { primary: ['app', 'month'] })
  ctx.model.extend('dingtalk_usage', {
    key: 'string(64)',
    counter: 'string(64)',
    month: 'string(7)',
    count: 'unsigned',
  }, { primary: 'key', indexes: ['counter'] })
  ctx.model.extend('dingtalk_unanswered', {
    id: 'string(64)',
    app: 'string(64)',
    channelId: 'text',
    at: 'timestamp',
  }, { primary: 'id', indexes: ['app'] })
  ctx.model.extend('gemini_dingtalk_message', { id: 'string(255)', at: 'timestamp' }, { primary: 'id' })
}
