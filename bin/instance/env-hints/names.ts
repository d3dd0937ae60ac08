import { distance } from 'fastest-levenshtein'
import type { BilingualText } from '../bilingual'
import { VARIABLES } from '../env'
import type { Env, Variable } from '../env'

/** Names that other bots and earlier guides use. */
const OLD_NAMES: Record<string, Variable> = {
  WECOM_TOKEN: 'WECOM_BOT_TOKEN',
  WECOM_ENCODING_AES_KEY: 'WECOM_BOT_ENCODING_AES_KEY',
  WECOM_AES_KEY: 'WECOM_BOT_ENCODING_AES_KEY',
  WECOM_BOT_AES_KEY: 'WECOM_BOT_ENCODING_AES_KEY',
  WECOM_RECEIVE_ID: 'WECOM_BOT_RECEIVE_ID',
  WECOM_WEBHOOK_KEY: 'WECOM_BOT_WEBHOOK_KEY',
  WECOM_WEBHOOK_URL: 'WECOM_BOT_WEBHOOK_URL',
  WECOM_REPLY_MODE: 'WECOM_BOT_REPLY_MODE',
  WECOM_STREAM_STYLE: 'WECOM_BOT_STREAM_STYLE',
  WECOM_BOT_CORP_ID: 'WECOM_CORP_ID',
  WECOM_BOT_AGENT_ID: 'WECOM_AGENT_ID',
  WECOM_AIBOT_ID: 'WECOM_BOT_ID',
  WECOM_AIBOT_SECRET: 'WECOM_BOT_SECRET',
  WECOM_BOT_WEBSOCKET_URL: 'WECOM_BOT_WS_URL',
  WECOM_CORP_SECRET: 'WECOM_SECRET',
  WECOM_APP_SECRET: 'WECOM_SECRET',
  DINGTALK_APP_KEY: 'DINGTALK_CLIENT_ID',
  DINGTALK_APPKEY: 'DINGTALK_CLIENT_ID',
  DINGTALK_APP_SECRET: 'DINGTALK_CLIENT_SECRET',
  DINGTALK_APPSECRET: 'DINGTALK_CLIENT_SECRET',
  DINGTALK_TEMPLATE_ID: 'DINGTALK_CARD_TEMPLATE_ID',
  GOOGLE_API_KEY: 'GEMINI_API_KEY',
  GEMINI_KEY: 'GEMINI_API_KEY',
  OPENAI_KEY: 'OPENAI_API_KEY',
  OPENAI_API_BASE: 'OPENAI_BASE_URL',
  OPENAI_API_BASE_URL: 'OPENAI_BASE_URL',
  OPENAI_API_MODEL: 'OPENAI_MODEL',
  OPENAI_MODEL_NAME: 'OPENAI_MODEL',
  GEMINI_PROXY: 'SOCKS_PROXY',
  SOCKS5_PROXY: 'SOCKS_PROXY',
}

/** Most typing errors in a name of this length. One in short names: `HOME` and `PATH` are no misspelt `HOST`. */
function maxDistance({ length }: string): number {
  return length < 8 ? 1 : length < 16 ? 2 : 3
}

function sortLetters(name: string): string {
  return [...name].sort().join('')
}

/** The name without what people write differently: case and separators. */
function normalize(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, '')
}

/** The variable that a name stands for, or looks like. */
export function intendedVariable(name: string): Variable | undefined {
  const old = OLD_NAMES[name.toUpperCase()]
  if (old) return old
  const given = normalize(name)
  const candidates = VARIABLES.map((variable) => {
    const wanted = normalize(variable)
    const isTransposed = given.length === wanted.length && sortLetters(given) === sortLetters(wanted)
    return { variable, errors: isTransposed ? 1 : distance(given, wanted), allowed: maxDistance(wanted) }
  }).filter(({ errors, allowed }) => errors <= allowed)
  return candidates.sort((a, b) => a.errors - b.errors)[0]?.variable
}

/**
 * Finds variables with an old or misspelt name.
 * @param env the environment without blank variables
 */
export function nameHints(env: Env): BilingualText[] {
  const names: readonly string[] = VARIABLES
  return Object.keys(env).flatMap((name) => {
    if (names.includes(name) || !env[name]?.trim()) return []
    const variable = intendedVariable(name)
    if (!variable || env[variable]) return []
    return {
      zh: `${name} 不是本程序的变量，没有使用：请改为 ${variable}。`,
      en: `${name} is not a variable of this program and has no effect: rename it to ${variable}.`,
    }
  })
}
