/** Every environment variable of the instance. */
export const VARIABLES = [
  'PLATFORM', 'HOST', 'PORT', 'SELF_URL', 'KOISHI_ADMIN_PASSWORD', 'KOISHI_ADMINS', 'LOG_MESSAGE_TEXT',
  'REDIS_URL',
  'WECOM_BOT_TOKEN', 'WECOM_BOT_ENCODING_AES_KEY', 'WECOM_BOT_RECEIVE_ID', 'WECOM_BOT_ID', 'WECOM_BOT_SECRET',
  'WECOM_BOT_MODE', 'WECOM_BOT_WS_URL', 'WECOM_BOT_NAME',
  'WECOM_BOT_PATH', 'WECOM_BOT_REPLY_MODE', 'WECOM_BOT_STREAM_STYLE', 'WECOM_BOT_WEBHOOK_KEY',
  'WECOM_BOT_WEBHOOK_URL', 'WECOM_BOT_API_ENDPOINT', 'WECOM_BOT_TRUSTED_HOSTS',
  'WECOM_CORP_ID', 'WECOM_AGENT_ID', 'WECOM_SECRET',
  'DINGTALK_CLIENT_ID', 'DINGTALK_CLIENT_SECRET', 'DINGTALK_AGENT_ID', 'DINGTALK_PROTOCOL', 'DINGTALK_STREAMING',
  'DINGTALK_CARD_TEMPLATE_ID', 'DINGTALK_CARD_KEY', 'DINGTALK_BUILT_IN_CARD', 'DINGTALK_API_ENDPOINT', 'DINGTALK_OLD_API_ENDPOINT',
  'GEMINI_API_KEY', 'GEMINI_MODEL', 'GEMINI_BASE_URL', 'SOCKS_PROXY', 'OPENAI_BASE_URL', 'OPENAI_API_KEY',
  'OPENAI_MODEL',
] as const

export type Variable = typeof VARIABLES[number]

/** Environment variables by name. */
export type Env = Record<string, string | undefined>

const SECRETS: Variable[] = [
  'KOISHI_ADMIN_PASSWORD', 'WECOM_BOT_TOKEN', 'WECOM_BOT_ENCODING_AES_KEY', 'WECOM_BOT_SECRET', 'WECOM_BOT_WEBHOOK_KEY',
  'WECOM_BOT_WEBHOOK_URL', 'WECOM_SECRET', 'DINGTALK_CLIENT_SECRET', 'GEMINI_API_KEY', 'SOCKS_PROXY', 'REDIS_URL',
  'OPENAI_API_KEY',
]

/** Of these URLs, only the user name and password are secret. */
const URLS_WITH_LOGIN: Variable[] = ['SOCKS_PROXY', 'REDIS_URL']

/** Removes blank variables: Compose passes unset ones as `NAME=`. */
export function withoutBlank(env: Env): Env {
  const names: readonly string[] = VARIABLES
  return Object.fromEntries(Object.entries(env).filter(([name, value]) => value?.trim() || !names.includes(name)))
}

function decodeIfValid(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The parts of a value to redact. */
function secretParts(name: Variable, value: string): string[] {
  if (!URLS_WITH_LOGIN.includes(name) || !URL.canParse(value)) return value.split(/[,\s]+/)
  const [, login = ''] = /\/\/(.*)@/.exec(value) ?? []
  const password = login.slice(login.indexOf(':') + 1)
  return [login, password, decodeIfValid(password)]
}

/** Replaces secret values in a text, such as the message of an error. */
export function redact(text: string, env: Env): string {
  const values = SECRETS.flatMap(name => secretParts(name, env[name] ?? '')).filter(value => value.length > 3)
  return values.reduce((result, value) => result.replaceAll(value, '***'), text)
}
