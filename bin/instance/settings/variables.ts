import type { Variable } from '../env'

/** Where the value of a variable goes when a plugin is started. */
export interface Target {
  /** Name of the plugin in koishi.yml. */
  plugin: string
  /** Path of the setting, e.g. `api.endpoint`. */
  path: string
  /** Converts the text to the type of the setting; without it, the setting is a text. */
  read?: (value: string) => unknown
}

/** The items of a comma-separated list. */
function list(value: string): string[] {
  return value.match(/[^,\s]+/g) ?? []
}

function settings(plugin: string, paths: [Variable, string, ((value: string) => unknown)?][]): [Variable, Target][] {
  return paths.map(([name, path, read]) => [name, { plugin, path, read }])
}

/**
 * The settings that variables take precedence over, in the order of the table in the README. `PLATFORM` and
 * `KOISHI_ADMIN_PASSWORD` are no settings of a plugin.
 */
export const TARGETS: ReadonlyMap<Variable, Target> = new Map([
  ...settings('server', [['HOST', 'host'], ['PORT', 'port', Number], ['SELF_URL', 'selfUrl']]),
  ...settings('activity-log', [['LOG_MESSAGE_TEXT', 'text', value => value === 'true']]),
  ...settings('operators', [['KOISHI_ADMINS', 'accounts', list]]),
  ...settings('shared-state', [['REDIS_URL', 'url']]),
  ...settings('adapter-wecom-bot', [
    ['WECOM_BOT_TOKEN', 'token'],
    ['WECOM_BOT_ENCODING_AES_KEY', 'encodingAESKey'],
    ['WECOM_BOT_RECEIVE_ID', 'receiveId'],
    ['WECOM_BOT_ID', 'botId'],
    ['WECOM_BOT_SECRET', 'botSecret'],
    ['WECOM_BOT_MODE', 'mode'],
    ['WECOM_BOT_WS_URL', 'wsUrl'],
    ['WECOM_BOT_NAME', 'name'],
    ['WECOM_BOT_PATH', 'path'],
    ['WECOM_BOT_REPLY_MODE', 'replyMode'],
    ['WECOM_BOT_STREAM_STYLE', 'streamStyle'],
    ['WECOM_BOT_WEBHOOK_KEY', 'webhookKey'],
    ['WECOM_BOT_WEBHOOK_URL', 'webhookUrl'],
    ['WECOM_BOT_API_ENDPOINT', 'apiEndpoint'],
    ['WECOM_BOT_TRUSTED_HOSTS', 'trustedHosts', list],
    ['WECOM_CORP_ID', 'corpId'],
    ['WECOM_AGENT_ID', 'agentId'],
    ['WECOM_SECRET', 'secret'],
  ]),
  ...settings('adapter-dingtalk', [
    ['DINGTALK_CLIENT_ID', 'appkey'],
    ['DINGTALK_CLIENT_SECRET', 'secret'],
    ['DINGTALK_AGENT_ID', 'agentId', Number],
    ['DINGTALK_PROTOCOL', 'protocol'],
    ['DINGTALK_API_ENDPOINT', 'api.endpoint'],
    ['DINGTALK_OLD_API_ENDPOINT', 'oldApi.endpoint'],
  ]),
  ...settings('dingtalk-companion', [
    ['DINGTALK_STREAMING', 'streaming'],
    ['DINGTALK_CARD_TEMPLATE_ID', 'cardTemplateId'],
    ['DINGTALK_CARD_KEY', 'cardKey'],
    ['DINGTALK_BUILT_IN_CARD', 'builtInCard', value => value === 'true'],
  ]),
  ...settings('gemini-chat', [
    ['GEMINI_API_KEY', 'apiKeys', list],
    ['GEMINI_MODEL', 'model'],
    ['GEMINI_BASE_URL', 'baseUrl'],
    ['SOCKS_PROXY', 'proxy'],
    ['OPENAI_BASE_URL', 'openaiBaseUrl'],
    ['OPENAI_API_KEY', 'openaiApiKeys', list],
    ['OPENAI_MODEL', 'openaiModel'],
  ]),
])
