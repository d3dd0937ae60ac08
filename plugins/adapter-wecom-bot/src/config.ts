import { group } from 'common/settings'
import { Schema, Time } from 'koishi'
import { MAX_CARD_BUTTONS, MAX_RECEIVED_FILE_MB, MAX_USER_STREAMS, REPLY_TIMEOUT_MS, STREAM_WINDOW_MS } from './protocol/limits'
import { KEY_PATTERN } from './protocol/crypto'
import enUS from './locales/en-US.yml'
import zhCN from './locales/zh-CN.yml'
import { WecomError } from './util/errors'

/** WeCom's end of the long connection, the default of `wsUrl`. */
const LONG_CONNECTION = 'wss://openws.work.weixin.qq.com'
/** WeCom's own API, the default of `apiEndpoint`. */
export const WECOM_API = 'https://qyapi.weixin.qq.com'

export interface Config {
  /** Set for the callback mode, see `modeOf`. */
  token?: string
  encodingAESKey?: string
  mode?: 'callback' | 'websocket'
  /** Set for the long connection, together with `botId`. */
  botSecret?: string
  wsUrl: string
  receiveId: string
  botId?: string
  name?: string
  path: string
  replyMode: 'passive_stream' | 'response_url'
  streamStyle: 'stream' | 'stream_with_template_card'
  cardButtons: { text: string, input: string }[]
  welcome: string
  feedback: boolean
  placeholder: string
  webhookKey?: string
  webhookUrl?: string
  webhooks: Record<string, string>
  corpId?: string
  agentId?: string
  secret?: string
  appFormat: 'markdown' | 'text'
  passiveReply: number
  apiEndpoint: string
  trustedHosts: string[]
  proxy?: string
  firstReply: number
  streamWindow: number
  unclaimed: number
  retention: number
  previousToken?: string
  previousEncodingAESKey?: string
  storage: 'memory' | 'database'
  maxTurns: number
  maxUserTurns: number
  drain: number
  freshness: number
  mediaLimit: number
  healthToken?: string
}

type ConfigErrorCode = 'wecom-bot/conflicting-bots' | 'wecom-bot/missing-credentials'

/** The settings of two bots conflict, or those of one are incomplete. */
export class ConfigError extends WecomError<ConfigErrorCode> {
  override name = 'ConfigError'

  constructor(message: string, code: ConfigErrorCode = 'wecom-bot/conflicting-bots') {
    super(code, message)
  }
}

const optional = (schema: Schema<string>) => schema as Schema<string | undefined>

/** Koishi's console validates settings as written in koishi.yml, where `${{ env.X }}` is not yet evaluated. */
const orExpression = (pattern: RegExp) => new RegExp(`${pattern.source}|^\\$\\{\\{.+\\}\\}$`)

const secret = (pattern: RegExp) => Schema.string().role('secret').pattern(orExpression(pattern))

export const Config: Schema<Config> = Schema.intersect([
  group({
    mode: Schema.union([
      Schema.const('callback' as const),
      Schema.const('websocket' as const),
    ]).role('radio'),
    botId: optional(Schema.string()),
  }),
  group({
    token: optional(secret(/^\S+$/)),
    encodingAESKey: optional(secret(KEY_PATTERN)),
    path: Schema.string().role('url').pattern(orExpression(/^\/.+/)).default('/api/wecom/callback'),
  }, { shownIf: { setting: 'mode', isNot: 'websocket' } }),
  group({
    botSecret: optional(secret(/^\S+$/)),
  }, { shownIf: { setting: 'mode', isNot: 'callback' } }),
  group({
    name: optional(Schema.string()),
    replyMode: Schema.union([
      Schema.const('passive_stream' as const),
      Schema.const('response_url' as const),
    ]).role('radio').default('passive_stream'),
    streamStyle: Schema.union([
      Schema.const('stream' as const),
      Schema.const('stream_with_template_card' as const),
    ]).role('radio').default('stream'),
    welcome: Schema.string().role('textarea').default(''),
    feedback: Schema.boolean().default(true),
    placeholder: Schema.string().default('<think></think>'),
  }, { collapsed: true }),
  group({
    cardButtons: Schema.array(Schema.object({
      text: Schema.string().required(),
      input: Schema.string().required(),
    })).role('table').max(MAX_CARD_BUTTONS),
  }, { collapsed: true, shownIf: { setting: 'streamStyle', is: 'stream_with_template_card' } }),
  group({
    corpId: optional(Schema.string()),
    agentId: optional(Schema.string()),
    secret: optional(Schema.string().role('secret')),
  }, { collapsed: true }),
  group({
    appFormat: Schema.union([
      Schema.const('markdown' as const),
      Schema.const('text' as const),
    ]).role('radio').default('markdown'),
  }, { collapsed: true, shownIf: { setting: 'secret', isSet: true } }),
  group({
    webhookKey: optional(Schema.string().role('secret')),
    webhookUrl: optional(Schema.string().role('secret')),
    webhooks: Schema.dict(Schema.string().role('secret')).role('table'),
  }, { collapsed: true }),
  group({
    firstReply: Schema.natural().role('ms').max(REPLY_TIMEOUT_MS - Time.second).default(5),
    passiveReply: Schema.natural().role('ms').max(REPLY_TIMEOUT_MS - 0.5 * Time.second).default(4 * Time.second),
    streamWindow: Schema.natural().role('ms').min(10 * Time.second).max(STREAM_WINDOW_MS).default(330 * Time.second),
    unclaimed: Schema.natural().role('ms').min(3 * Time.second).default(10 * Time.second),
    retention: Schema.natural().role('ms').min(Time.second).default(10 * Time.minute),
    drain: Schema.natural().role('ms').max(Time.minute).default(5 * Time.second),
  }, { collapsed: true }),
  group({
    storage: Schema.union([
      Schema.const('memory' as const),
      Schema.const('database' as const),
    ]).role('radio').default('memory'),
    maxTurns: Schema.natural().min(1).default(1000),
    maxUserTurns: Schema.natural().min(1).default(MAX_USER_STREAMS),
    mediaLimit: Schema.natural().min(1).max(MAX_RECEIVED_FILE_MB).default(20),
  }, { collapsed: true }),
  group({
    receiveId: Schema.string().default(''),
    previousToken: optional(Schema.string().role('secret')),
    previousEncodingAESKey: optional(Schema.string().role('secret').pattern(orExpression(KEY_PATTERN))),
    freshness: Schema.natural().role('ms').min(10 * Time.second).default(5 * Time.minute),
    healthToken: optional(Schema.string().role('secret')),
  }, { collapsed: true }),
  group({
    proxy: optional(Schema.string().role('secret')),
    apiEndpoint: Schema.string().role('link').default(WECOM_API),
    trustedHosts: Schema.array(Schema.string()).role('table'),
  }, { collapsed: true }),
  group({
    wsUrl: Schema.string().role('link').pattern(orExpression(/^wss?:\/\/\S+$/)).default(LONG_CONNECTION),
  }, { collapsed: true, shownIf: { setting: 'mode', is: 'websocket' } }),
]).i18n({ 'zh-CN': zhCN._config, 'en-US': enUS._config })

/** How the bot is reached: as set, else by the long connection where only its values are set. */
export function modeOf({ mode, token, botSecret }: Pick<Config, 'mode' | 'token' | 'botSecret'>): 'callback' | 'websocket' {
  return mode ?? (botSecret && !token ? 'websocket' : 'callback')
}

/**
 * Checks that the credentials of the mode are there. The schema does not require them: which are needed depends on the
 * mode, and the console also saves a page whose credentials come from environment variables.
 * @throws {ConfigError} that names what is missing
 */
export function checkCredentials(config: Pick<Config, 'mode' | 'token' | 'encodingAESKey' | 'botId' | 'botSecret'>) {
  const names = modeOf(config) === 'websocket' ? ['botId', 'botSecret'] as const : ['token', 'encodingAESKey'] as const
  const missing = names.filter(name => !config[name])
  if (!missing.length) return
  throw new ConfigError(`${missing.join(' and ')} missing: set token and encodingAESKey for callbacks, `
    + 'or botId and botSecret for the long connection', 'wecom-bot/missing-credentials')
}

/** Warnings about settings that are valid each, but not together. */
export function configWarnings({ retention, freshness, corpId, agentId, secret, encodingAESKey }: Config): string[] {
  const warnings: string[] = []
  if (/[+/]/.test(encodingAESKey ?? '')) {
    warnings.push('encodingAESKey contains + or /: the WeCom console only takes letters and digits, so it may refuse '
      + 'this key; let the console generate one')
  }
  if (retention < 2 * freshness) {
    warnings.push('retention is shorter than twice freshness: a message that WeCom repeats late would be refused as a '
      + `replay; set retention to ${2 * freshness} or more, or freshness to ${Math.floor(retention / 2)} or less`)
  }
  if ((agentId || secret) && !(corpId && agentId && secret)) {
    warnings.push('the app is not used for sending: set all of corpId, agentId and secret')
  }
  return warnings
}
