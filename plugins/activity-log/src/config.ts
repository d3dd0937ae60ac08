import { Schema } from 'koishi'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'

/** The settings. What they mean is in `locales/`. */
export interface Config {
  text: boolean
}

export const Config: Schema<Config> = Schema.object({
  text: Schema.boolean().default(false),
}).i18n({ 'zh-CN': zhCN._config, 'en-US': enUS._config })
