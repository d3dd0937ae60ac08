import { accessSync, constants, existsSync } from 'node:fs'
import { SystemClock } from '../plugins/gemini-chat/src/util/clock'
import { Config } from '../plugins/gemini-chat/src/config'
import { examine } from '../plugins/gemini-chat/src/doctor/examine'
import { problem, note, ok, formatFinding } from '../plugins/gemini-chat/src/doctor/finding'
import type { Finding } from '../plugins/gemini-chat/src/doctor/finding'
import { createGeminiEngine } from '../plugins/gemini-chat/src/engine/gemini'
import { parseKeys, KeyPool } from '../plugins/gemini-chat/src/model/key-pool'
import enUS from '../plugins/gemini-chat/src/locales/en-US.yml'
import zhCN from '../plugins/gemini-chat/src/locales/zh-CN.yml'
import { ModelList } from '../plugins/gemini-chat/src/model/model-list'
import type { Message } from '../plugins/gemini-chat/src/messages/i18n'
import { unavailableEngine } from '../plugins/gemini-chat/src/engine/unavailable'
import { check } from './instance/validate-env'
import { redact, withoutBlank } from './instance/env'
import type { Env } from './instance/env'
import { print } from './instance/bilingual'
import { texts } from './doctor/texts'

/** Where koishi.yml has the database. */
const DATABASE = 'data/koishi.db'

/** A message in Chinese and English, a line each. */
function say([path, params = {}]: Message): string {
  const lookUp = (tree: unknown) => path.split('.').reduce((found, name) => (found as Record<string, unknown> | undefined)?.[name], tree)
  return ([['zh', zhCN], ['en', enUS]] as const).map(([language, locale]) => {
    const text = texts[path]?.[language] ?? lookUp(locale['gemini-chat'])
    return String(text).replace(/\{(\w+)\}/g, (_, name) => String((params as Record<string, unknown>)[name]))
  }).join('\n')
}

/** Looks at the way to an answer as the instance would go it. */
async function* examineGemini(env: Env): AsyncGenerator<Finding> {
  const config = new Config({
    apiKeys: [env.GEMINI_API_KEY],
    model: env.GEMINI_MODEL,
    baseUrl: env.GEMINI_BASE_URL,
    proxy: env.SOCKS_PROXY,
  } as never)
  const clock = new SystemClock()
  const now = () => clock.now()
  const engine = (() => {
    try {
      return createGeminiEngine(config)
    } catch (error) {
      return unavailableEngine(error)
    }
  })()
  const { signal } = new AbortController()
  const keyPool = new KeyPool(parseKeys(config), now, engine.quotaCalendar)
  const models = new ModelList([config.model, ...config.fallbackModels], { warn() {} })
  try {
    yield* examine({ config, engine, keyPool, models, clock, signal })
  } finally {
    engine.dispose()
  }
}

function examineDatabase(): Finding {
  if (!existsSync(DATABASE)) return note('no-file', { file: DATABASE })
  try {
    accessSync(DATABASE, constants.R_OK | constants.W_OK)
    return ok('file', { file: DATABASE })
  } catch (error) {
    return problem('file-failed', { file: DATABASE, reason: (error as NodeJS.ErrnoException).code }, 'database')
  }
}

/** What is configured, and whether the instance on this machine answers for it. */
async function* examineInstance(env: Env): AsyncGenerator<Finding> {
  const { HOST = '127.0.0.1', PORT = '35000', PLATFORM = 'both', WECOM_BOT_PATH = '/api/wecom/callback' } = env
  const hasWecom = PLATFORM !== 'dingtalk' && !!env.WECOM_BOT_TOKEN && !!env.WECOM_BOT_ENCODING_AES_KEY
  const hasDingtalk = PLATFORM !== 'wecom' && !!env.DINGTALK_CLIENT_ID && !!env.DINGTALK_CLIENT_SECRET
  for (const [name, isOn] of [['wecom-bot', hasWecom], ['dingtalk', hasDingtalk]] as const) {
    yield isOn ? ok('platform-on', { name }) : note('platform-off', { name })
  }
  if (!hasWecom && !hasDingtalk) yield problem('no-bot', {}, 'no-bot')
  const host = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[HOST] ?? (HOST.includes(':') ? `[${HOST}]` : HOST)
  const address = `http://${host}:${PORT}`
  try {
    const { ok: isWell, status } = await fetch(address + WECOM_BOT_PATH, { signal: AbortSignal.timeout(5000) })
    yield ok('instance', { address })
    if (!hasWecom) return
    const callback = address + WECOM_BOT_PATH
    yield isWell ? ok('callback', { address: callback }) : problem('callback-failed', { address: callback, status }, 'callback')
  } catch {
    yield note('no-instance', { address }, 'no-instance')
  }
}

async function* examineAll(env: Env) {
  yield* examineGemini(env)
  yield examineDatabase()
  yield* examineInstance(env)
}

async function run() {
  for (const file of ['.env.local', '.env']) if (existsSync(file)) process.loadEnvFile(file)
  const env = withoutBlank(process.env)
  // With any of these the instance would not start.
  const problems = check(env)
  print(problems.map(text => ({ mark: '✗', ...text })))
  let failures = problems.length
  for await (const finding of examineAll(env)) {
    if (finding.state === 'bad') failures++
    console.log(redact(formatFinding(finding, say), env))
  }
  console.log(`\n${say(failures ? ['doctor.ill', { failures }] : ['doctor.well'])}`)
  process.exitCode = failures ? 1 : 0
}

run().catch((error) => {
  console.error(redact(String(error), process.env))
  process.exitCode = 1
})
