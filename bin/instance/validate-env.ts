import { VARIABLES } from './env'
import type { Env, Variable } from './env'
import { isWrapped, wrapping } from './env-hints/values'
import type { BilingualText } from './bilingual'
import { ENV_RULES } from './env-rules'

/** Path of the console, as in koishi.yml. */
export const CONSOLE_PATH = '/console'

type SavedValues = (variable: Variable) => unknown

const PAIRS: [Variable, Variable][] = [
  ['WECOM_BOT_TOKEN', 'WECOM_BOT_ENCODING_AES_KEY'],
  ['DINGTALK_CLIENT_ID', 'DINGTALK_CLIENT_SECRET'],
]

const CHARACTERS: Record<string, BilingualText> = {
  ' ': { zh: '空格', en: 'a space' },
  '\t': { zh: '制表符', en: 'a tab' },
  '\n': { zh: '换行', en: 'a line break' },
  '\u00a0': { zh: '不换行空格', en: 'a no-break space' },
  '\u3000': { zh: '全角空格', en: 'an ideographic space' },
  '\ufeff': { zh: '看不见的 BOM', en: 'an invisible byte order mark' },
  '\u200b': { zh: '看不见的零宽空格', en: 'an invisible zero-width space' },
}

/** Names the first character that is not allowed, in brackets. */
function describeFault(value: string, foreign?: RegExp): BilingualText {
  const match = foreign?.exec(value)
  if (!match) return { zh: '', en: '' }
  const position = [...value.slice(0, match.index)].length + 1
  const { zh, en } = CHARACTERS[match[0]] ?? { zh: match[0], en: match[0] }
  return { zh: `（第 ${position} 个字符是 ${zh}）`, en: ` (character ${position} is ${en})` }
}

function fillIn(text: string, name: Variable, value: string, fault: string): string {
  return text
    .replace('{name}', name)
    .replace('{length}', String(value.length))
    .replace('{fault}', () => fault)
    .replace('{value}', () => JSON.stringify(value))
}

function* checkValues(env: Env): Iterable<BilingualText> {
  const reported = new Set<Variable>()
  for (const { names, isValid, foreign, zh, en } of ENV_RULES) {
    for (const name of names) {
      const value = env[name]
      if (!value || isValid(value)) continue
      reported.add(name)
      const fault = describeFault(value, foreign)
      const cause = wrapping(value)
      yield {
        zh: fillIn(zh, name, value, fault.zh) + (cause ? `（${cause.zh}。）` : ''),
        en: fillIn(en, name, value, fault.en) + (cause ? ` (${cause.en}.)` : ''),
      }
    }
  }
  for (const name of VARIABLES) {
    const value = env[name] ?? ''
    const cause = reported.has(name) || !isWrapped(name, value) ? undefined : wrapping(value)
    if (cause) yield { zh: `${name} 有误：${cause.zh}。`, en: `${name} is wrong: ${cause.en}.` }
  }
}

function* checkPairs(env: Env, saved: SavedValues): Iterable<BilingualText> {
  for (const pair of PAIRS) {
    const present = pair.find(name => env[name])
    const missing = pair.filter(name => !env[name] && !saved(name))
    if (!present || !missing.length) continue
    yield {
      zh: `设置了 ${present}，但缺少 ${missing[0]}：请同时设置，或同时留空。`,
      en: `${present} is set, but ${missing[0]} is not: set both, or leave both empty.`,
    }
  }
  if (env.WECOM_BOT_SECRET && !env.WECOM_BOT_ID && !saved('WECOM_BOT_ID')) {
    yield {
      zh: '设置了 WECOM_BOT_SECRET，但缺少 WECOM_BOT_ID：两个值都在机器人「API 模式 - 长连接」的页面上。'
        + '自建应用的 Secret 请填到 WECOM_SECRET。',
      en: 'WECOM_BOT_SECRET is set, but WECOM_BOT_ID is not: both are on the bot\'s page, API mode, long connection. '
        + 'The Secret of a self-built app belongs into WECOM_SECRET.',
    }
  }
  yield* checkMode(env, saved)
  if (env.WECOM_BOT_WEBHOOK_KEY && env.WECOM_BOT_WEBHOOK_URL) {
    yield {
      zh: 'WECOM_BOT_WEBHOOK_KEY 和 WECOM_BOT_WEBHOOK_URL 只能设置一个。',
      en: 'WECOM_BOT_WEBHOOK_KEY and WECOM_BOT_WEBHOOK_URL are both set: keep only one.',
    }
  }
}

function* checkMode(env: Env, saved: SavedValues): Iterable<BilingualText> {
  const needed: Variable[] = env.WECOM_BOT_MODE === 'websocket'
    ? ['WECOM_BOT_ID', 'WECOM_BOT_SECRET']
    : env.WECOM_BOT_MODE === 'callback' ? ['WECOM_BOT_TOKEN', 'WECOM_BOT_ENCODING_AES_KEY'] : []
  const missing = needed.find(name => !env[name] && !saved(name))
  if (!missing) return
  yield {
    zh: `WECOM_BOT_MODE=${env.WECOM_BOT_MODE} 需要 ${needed.join(' 和 ')}，现在缺少 ${missing}。`,
    en: `WECOM_BOT_MODE=${env.WECOM_BOT_MODE} needs ${needed.join(' and ')}, but ${missing} is missing.`,
  }
}

function* checkCallbackPath(env: Env): Iterable<BilingualText> {
  const path = env.WECOM_BOT_PATH
  const taken = env.DINGTALK_PROTOCOL === 'http' ? [CONSOLE_PATH, '/dingtalk'] : [CONSOLE_PATH]
  const prefix = taken.find(prefix => path === prefix || path?.startsWith(prefix + '/'))
  if (!prefix) return
  yield {
    zh: `WECOM_BOT_PATH 不能是 ${path}：${prefix} 已被占用，请换一个路径，例如 /api/wecom/callback。`,
    en: `WECOM_BOT_PATH cannot be ${path}: ${prefix} is in use; choose another path, e.g. /api/wecom/callback.`,
  }
}

/**
 * Checks the settings before anything is started.
 * @param env the environment without blank variables, see `withoutBlank`
 * @param saved what the saved settings have for a variable
 * @returns one message per problem, without secrets
 */
export function validateEnv(env: Env, saved: SavedValues = () => undefined): BilingualText[] {
  return [checkValues, checkPairs, checkCallbackPath].flatMap(rule => [...rule(env, saved)])
}
