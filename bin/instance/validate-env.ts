import type { Env, Variable } from './env'
import type { Text } from './bilingual'
import { rules } from './env-rules'

/** Where the console lives; koishi.yml says the same. */
export const panel = '/console'

const pairs: [Variable, Variable][] = [
  ['WECOM_BOT_TOKEN', 'WECOM_BOT_ENCODING_AES_KEY'],
  ['DINGTALK_CLIENT_ID', 'DINGTALK_CLIENT_SECRET'],
]

function* checkEach(env: Env): Iterable<Text> {
  for (const { names, valid, zh, en } of rules) {
    for (const name of names) {
      const value = env[name]
      if (!value || valid(value)) continue
      const fill = (text: string) => text
        .replace('{name}', name)
        .replace('{length}', String(value.length))
        .replace('{value}', () => JSON.stringify(value))
      yield { zh: fill(zh), en: fill(en) }
    }
  }
}

function* checkPairs(env: Env): Iterable<Text> {
  for (const pair of pairs) {
    const missing = pair.filter(name => !env[name])
    if (missing.length !== 1) continue
    const present = pair.find(name => env[name])
    yield {
      zh: `设置了 ${present}，但缺少 ${missing[0]}：两个要一起设置，或一起留空。`,
      en: `${present} is set but ${missing[0]} is not: set both, or leave both empty.`,
    }
  }
  if (env.WECOM_BOT_WEBHOOK_KEY && env.WECOM_BOT_WEBHOOK_URL) {
    yield {
      zh: 'WECOM_BOT_WEBHOOK_KEY 和 WECOM_BOT_WEBHOOK_URL 只能设置一个。',
      en: 'WECOM_BOT_WEBHOOK_KEY and WECOM_BOT_WEBHOOK_URL are both set: keep one.',
    }
  }
}

function* checkPath(env: Env): Iterable<Text> {
  const path = env.WECOM_BOT_PATH
  const taken = env.DINGTALK_PROTOCOL === 'http' ? [panel, '/dingtalk'] : [panel]
  const prefix = taken.find(prefix => path === prefix || path?.startsWith(prefix + '/'))
  if (!prefix) return
  yield {
    zh: `WECOM_BOT_PATH 不能是 ${path}：${prefix} 已有别的用途，请换一个路径，例如 /api/wecom/callback。`,
    en: `WECOM_BOT_PATH cannot be ${path}: ${prefix} is taken, choose another path, e.g. /api/wecom/callback.`,
  }
}

/**
 * Finds what is wrong with the settings before anything is started.
 * @param env variables without blank ones, see `withoutBlank`
 * @returns one text per problem, none of them with a secret in it
 */
export function check(env: Env): Text[] {
  return [checkEach, checkPairs, checkPath].flatMap(rule => [...rule(env)])
}
