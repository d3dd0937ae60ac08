import { Schema } from 'koishi'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'

const confirmations = ['changes', 'always', 'never'] as const

/** An MCP server, as it is set. */
export interface ServerSetting {
  name: string
  /** A program to start, or empty where the server has an address. */
  command: string
  args: string[]
  env: Record<string, string>
  url: string
  headers: Record<string, string>
  include: string[]
  exclude: string[]
  confirm: typeof confirmations[number]
  authority: number
  users: string[]
  timeout: number
}

/** The settings. What they mean stands in `locales/`. */
export interface Config {
  servers: ServerSetting[]
  privateHosts: string[]
}

export const Config: Schema<Config> = Schema.object({
  servers: Schema.array(Schema.object({
    name: Schema.string().pattern(/^[a-z][a-z0-9-]{0,19}$/).required(),
    command: Schema.string().default(''),
    args: Schema.array(Schema.string()).default([]),
    env: Schema.dict(Schema.string().role('secret')).default({}),
    url: Schema.string().role('link').default(''),
    headers: Schema.dict(Schema.string().role('secret')).default({}),
    include: Schema.array(Schema.string()).default([]),
    exclude: Schema.array(Schema.string()).default([]),
    confirm: Schema.union(confirmations).role('radio').default('changes'),
    authority: Schema.natural().max(5).default(1),
    users: Schema.array(Schema.string()).default([]),
    timeout: Schema.natural().role('ms').min(1000).default(60_000),
  })).default([]),
  privateHosts: Schema.array(Schema.string()).default([]),
}).i18n({ 'zh-CN': zhCN._config, 'en-US': enUS._config })
