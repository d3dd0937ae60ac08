import { group } from 'common/settings'
import { Schema } from 'koishi'
import { scopes } from './conversation/scope'
import type { Scope } from './conversation/scope'
import { formats } from './delivery/render'
import type { KeySetting } from './model/key-pool'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'

const levels = ['default', 'minimal', 'low', 'medium', 'high'] as const

/** A Koishi command that the model may call. */
export interface CommandToolSetting {
  name: string
  confirm: boolean
}

/** One more service to ask, whose models are `name/model`. */
export interface ProviderSetting {
  name: string
  type: 'gemini' | 'openai'
  baseUrl: string
  apiKeys: string[]
  models: string[]
  proxy: string
}

/** The settings. What they mean stands in `locales/`. */
export interface Config {
  apiKeys: KeySetting[]
  model: string
  fallbackModels: string[]
  modelAuthority: number
  baseUrl: string
  proxy?: string
  openaiBaseUrl: string
  openaiApiKeys: string[]
  openaiModel: string
  openaiProxy: string
  providers: ProviderSetting[]
  instructions: string
  presets: Record<string, string>
  scope: Scope
  scopeAuthority: number
  historyTokens: number
  compaction: boolean
  idleExpiry: number
  policy: 'queue' | 'replace' | 'merge' | 'drop'
  queue: number
  mergeWindow: number
  maxQuestions: number
  maxQuestionsPerUser: number
  answerBots: boolean
  pingPong: number
  streaming: boolean
  buttons: boolean
  mentionAsker: boolean
  messageBytes: Record<string, number>
  formats: Record<string, typeof formats[number]>
  firstByteTimeout: number
  idleTimeout: number
  totalTimeout: number
  requestRetries: number
  thinking: typeof levels[number]
  showThoughts: boolean
  outputTokens: number
  search: boolean
  urlContext: boolean
  codeExecution: boolean
  tools: boolean
  toolCommands: CommandToolSetting[]
  toolRounds: number
  toolTimeout: number
  toolResult: number
  toolResultTotal: number
  confirmTimeout: number
  fileSize: number
  fileTotal: number
  fileTimeout: number
  fileTurns: number
  mediaHosts: string[]
  authority: number
  userRate: number
  channelRate: number
  userTokens: number
  channelTokens: number
}

export const Config: Schema<Config> = Schema.intersect([
  group({
    apiKeys: Schema.array(Schema.union([
      Schema.string().role('secret'),
      Schema.object({ key: Schema.string().role('secret').required(), bucket: Schema.string() }),
    ])).default([]),
    model: Schema.string().default('gemini-3.8-flash'),
    proxy: Schema.string().role('secret'),
    instructions: Schema.string().role('textarea').default(''),
    scope: Schema.union(scopes).role('radio').default('user-in-channel'),
    search: Schema.boolean().default(false),
  }),
  group({
    fallbackModels: Schema.array(Schema.string()).default(['gemini-3.6-flash', 'gemini-3.5-flash-lite']),
    openaiBaseUrl: Schema.string().role('link').default(''),
    openaiApiKeys: Schema.array(Schema.string().role('secret')).default([]),
    openaiModel: Schema.string().default(''),
    openaiProxy: Schema.string().role('secret').default(''),
    providers: Schema.array(Schema.object({
      name: Schema.string().pattern(/^(?!(gemini|openai|models)$)[\w.-]+$/).required(),
      type: Schema.union(['openai', 'gemini']).role('radio').default('openai'),
      baseUrl: Schema.string().role('link').required(),
      apiKeys: Schema.array(Schema.string().role('secret')).default([]),
      models: Schema.array(Schema.string()).default([]),
      proxy: Schema.string().role('secret').default(''),
    })).default([]),
    modelAuthority: Schema.natural().max(5).default(2),
    thinking: Schema.union(levels).default('default'),
    showThoughts: Schema.boolean().default(false),
    outputTokens: Schema.natural().default(0),
  }, { collapsed: true }),
  group({
    urlContext: Schema.boolean().default(false),
    codeExecution: Schema.boolean().default(false),
  }, { collapsed: true }),
  group({
    presets: Schema.dict(Schema.string().role('textarea')).default({}),
    scopeAuthority: Schema.natural().max(5).default(2),
    historyTokens: Schema.natural().default(32_000),
    compaction: Schema.boolean().default(true),
    idleExpiry: Schema.natural().role('ms').default(0),
  }, { collapsed: true }),
  group({
    policy: Schema.union(['queue', 'replace', 'merge', 'drop']).role('radio').default('queue'),
    queue: Schema.natural().default(3),
    maxQuestions: Schema.natural().default(1000),
    maxQuestionsPerUser: Schema.natural().default(8),
    answerBots: Schema.boolean().default(false),
    pingPong: Schema.natural().default(10),
  }, { collapsed: true }),
  group({
    mergeWindow: Schema.natural().role('ms').default(1500),
  }, { shownIf: { setting: 'policy', is: 'merge' } }),
  group({
    streaming: Schema.boolean().default(true),
    buttons: Schema.boolean().default(false),
    mentionAsker: Schema.boolean().default(false),
    messageBytes: Schema.dict(Schema.natural()).role('table').default({}),
    formats: Schema.dict(Schema.union(formats)).role('table').default({}),
  }, { collapsed: true }),
  group({
    tools: Schema.boolean().default(true),
    toolCommands: Schema.array(Schema.object({
      name: Schema.string().required(),
      confirm: Schema.boolean().default(true),
    })).role('table').default([]),
    toolRounds: Schema.natural().min(1).max(50).default(8),
    toolTimeout: Schema.natural().role('ms').min(1).default(30_000),
    toolResult: Schema.natural().min(500).default(20_000),
    toolResultTotal: Schema.natural().min(500).default(100_000),
    confirmTimeout: Schema.natural().role('ms').min(1000).default(120_000),
  }, { collapsed: true }),
  group({
    fileSize: Schema.natural().max(50).default(8),
    fileTotal: Schema.natural().max(70).default(16),
    fileTimeout: Schema.natural().role('ms').default(30_000),
    fileTurns: Schema.natural().default(3),
    mediaHosts: Schema.array(Schema.string()).default([]),
  }, { collapsed: true }),
  group({
    authority: Schema.natural().max(5).default(0),
    userRate: Schema.natural().default(0),
    channelRate: Schema.natural().default(0),
    userTokens: Schema.natural().default(0),
    channelTokens: Schema.natural().default(0),
  }, { collapsed: true }),
  group({
    baseUrl: Schema.string().role('link').default('https://generativelanguage.googleapis.com'),
    firstByteTimeout: Schema.natural().role('ms').default(60_000),
    idleTimeout: Schema.natural().role('ms').default(60_000),
    totalTimeout: Schema.natural().role('ms').default(300_000),
    requestRetries: Schema.natural().max(5).default(2),
  }, { collapsed: true }),
]).i18n({ 'zh-CN': zhCN._config, 'en-US': enUS._config })

/** Settings that have no effect: misspelt, or left over from a version that had them. */
export function unknownSettings(config: object): string[] {
  const known = new Set(Config.list!.flatMap(({ dict }) => Object.keys(dict!)))
  // The loader has settings of its own, such as `$if`.
  return Object.keys(config).filter(name => !known.has(name) && !name.startsWith('$'))
}
