import { Schema } from 'koishi'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'

/** The settings. What they mean is in `locales/`. */
export interface Config {
  path: string
  durability: 'normal' | 'full'
}

export const Config: Schema<Config> = Schema.object({
  path: Schema.path({ allowCreate: true }).default('data/koishi.db'),
  durability: Schema.union([Schema.const('normal'), Schema.const('full')]).role('radio').default('normal'),
}).i18n({ 'zh-CN': zhCN._config, 'en-US': enUS._config })
