import { Schema } from 'koishi'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'

/** The settings. What they mean is in `locales/`. */
export interface Config {
  accounts: string[]
  authority: number
}

export const Config: Schema<Config> = Schema.object({
  accounts: Schema.array(Schema.string().pattern(/^[^:\s]+:\S+$/)).default([]),
  authority: Schema.natural().min(2).max(5).default(5),
}).i18n({ 'zh-CN': zhCN._config, 'en-US': enUS._config })
