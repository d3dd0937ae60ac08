import { Schema } from 'koishi'
import type { KeySetting } from './keys'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'

/** The settings. What they mean stands in `locales/`. */
export interface Config {
  apiKeys: KeySetting[]
  model: string
  fallbackModels: string[]
  baseUrl: string
  proxy?: string
  instructions: string
  historyTokens: number
  queue: number
  streaming: boolean
  firstByteTimeout: number
  idleTimeout: number
  totalTimeout: number
  requestRetries: number
}

export const Config: Schema<Config> = Schema.intersect([
  Schema.object({
    apiKeys: Schema.array(Schema.union([
      Schema.string().role('secret'),
      Schema.object({ key: Schema.string().role('secret').required(), bucket: Schema.string() }),
    ])).default([]),
    model: Schema.string().default('gemini-3.8-flash'),
    fallbackModels: Schema.array(Schema.string()).default(['gemini-3.6-flash', 'gemini-3.5-flash-lite']),
  }),
  Schema.object({
    baseUrl: Schema.string().role('link').default('https://generativelanguage.googleapis.com'),
    proxy: Schema.string().role('secret'),
  }),
  Schema.object({
    instructions: Schema.string().role('textarea').default(''),
    historyTokens: Schema.natural().default(32_000),
    queue: Schema.natural().default(3),
    streaming: Schema.boolean().default(true),
  }),
  Schema.object({
    firstByteTimeout: Schema.natural().role('ms').default(60_000),
    idleTimeout: Schema.natural().role('ms').default(60_000),
    totalTimeout: Schema.natural().role('ms').default(300_000),
    requestRetries: Schema.natural().max(5).default(2),
  }),
]).i18n({ 'zh-CN': zhCN._config, 'en-US': enUS._config })
