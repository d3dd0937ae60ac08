import type { Context } from 'koishi'

declare module 'koishi' {
  interface Tables {
    gemini_dingtalk_card: OpenCardRow
    gemini_dingtalk_usage: MonthlyCallsRow
    gemini_dingtalk_message: SeenMessageRow
  }
}

/** A card that is being written, with what it takes to close it after a crash. */
export interface OpenCardRow {
  outTrackId: string
  app: string
  key: string
  /** Markdown of the newest frame. */
  content: string
  /** Note to put below the content. */
  notice: string
  createdAt: Date
}

/** API calls of an app in a month. */
export interface MonthlyCallsRow {
  app: string
  month: string
  calls: number
}

/** A message that was handled. */
export interface SeenMessageRow {
  id: string
  at: Date
}

/**
 * Declares the tables; works before there is a database. They are named after the plugin that had them first, so that
 * existing rows stay valid.
 */
export function declareTables(ctx: Context) {
  ctx.model.extend('gemini_dingtalk_card', {
    outTrackId: 'string(64)',
    app: 'string(255)',
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
  ctx.model.extend('gemini_dingtalk_message', { id: 'string(255)', at: 'timestamp' }, { primary: 'id' })
}
