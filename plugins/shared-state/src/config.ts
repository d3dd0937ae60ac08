import { Schema } from 'koishi'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'

/** The settings. What they mean is in `locales/`. */
export interface Config {
  url: string
  prefix: string
}

export const Config: Schema<Config> = Schema.object({
  url: Schema.string().role('secret').default(''),
  prefix: Schema.string().pattern(/^[\w.{}-]{1,64}$/).default('koishi'),
}).i18n({ 'zh-CN': zhCN._config, 'en-US': enUS._config })
