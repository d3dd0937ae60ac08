import type { Range } from '../storage/periods'
import type { Counts } from '../storage/tables'

export type { Counts, Range }

export type Named = Counts & { name: string }

/** A rating as the page shows it. */
export interface ShownRating {
  /** Milliseconds since 1970. */
  time: number
  platform: string
  isGood: boolean
  reasons: string
  comment: string
  question: string
}

/** What the charts of the page show. */
export interface Report {
  range: Range
  /** Ascending. Hours as `2026-11-26T10`, or days. */
  periods: string[]
  /** By period, in the order of `periods`. */
  counts: Counts[]
  platforms: Named[]
  /** Most tokens first, with the tokens by period. */
  models: (Named & { tokens: number[] })[]
  /** Questions by hour of the day, from 0 to 23, of the last 24 hours or 30 days. */
  hours: number[]
  /** As `failed:server`, most frequent first. */
  reasons: { name: string, count: number }[]
  people: Named[]
  groups: Named[]
  /** Per day, of the days with ratings. */
  ratings: { day: string, good: number, bad: number }[]
  newestRatings: ShownRating[]
  /** Whether questions are stored with their ratings. */
  keepsText: boolean
}

/** A table that can be exported. */
export type ExportName = 'periods' | 'models' | 'hours' | 'reasons' | 'people' | 'groups' | 'ratings'

export type BotState = 'online' | 'connecting' | 'reconnecting' | 'disconnected' | 'offline'

/** How the assistant is at a moment. Times are milliseconds since 1970. */
export interface Now {
  time: number
  bots: { platform: string, id: string, name: string, state: BotState, error: string }[]
  /** The driver of the database; none without a database. */
  database?: string
  /** What other plugins tell, by what they are. */
  parts: Part[]
}

export type Part = WecomCallback | DingtalkApp | GeminiChat | McpServers

/** Of koishi-plugin-adapter-wecom-bot. */
export interface WecomCallback {
  source: 'wecom-callback'
  path: string
  lastVerified?: number
  lastRefused?: { at: number, reason: string }
  refusals: Record<string, number>
  bots: {
    selfId: string
    answering: number
    turns: number
    queued: number
    connection?: {
      state: string
      since: string | null
      reconnects: number
      lastFrame?: string | null
      replaced?: { times: number, last: string, by: string } | null
      reason: string | null
    }
  }[]
}

/** Of koishi-plugin-dingtalk-companion. A limit of 0 is none. */
export interface DingtalkApp {
  source: 'dingtalk-app'
  id: string
  month: string
  calls: { used: number, limit: number }
  messages: { used: number, limit: number }
}

/** Of koishi-plugin-gemini-chat. */
export interface GeminiChat {
  source: 'gemini-chat'
  model: string
  answering: number
  waiting: number
  keys: {
    position: number
    bucket: string
    tail: string
    requests: number
    failures: number
    refused: boolean
    exhausted: { model?: string, until: number, kind: string }[]
  }[]
}

/** Of koishi-plugin-assistant-mcp. */
export interface McpServers {
  source: 'mcp-servers'
  servers: ({ name: string } & (
    | { status: 'connecting', reason?: undefined }
    | { status: 'connected', tools: number }
    | { status: 'failed', reason: string }
  ))[]
}
