import { Schema } from 'koishi'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'

/** The settings. What they mean is in `locales/`. */
export interface Config {
  retention: number
}

/** The page shows a year. */
const DEFAULT_RETENTION_DAYS = 366

/** The page compares 30 days. */
const MIN_RETENTION_DAYS = 31

export const Config: Schema<Config> = Schema.object({
  retention: Schema.natural().min(MIN_RETENTION_DAYS).default(DEFAULT_RETENTION_DAYS),
}).i18n({ 'zh-CN': zhCN._config, 'en-US': enUS._config })
