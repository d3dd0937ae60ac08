import { accessSync, constants, existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { examineSettings, formatFinding, note, ok, problem, texts as pluginTexts } from '../plugins/gemini-chat/src/doctor'
import type { Finding, Message } from '../plugins/gemini-chat/src/doctor'
import { examineDingtalk } from './doctor/dingtalk'
import { examineLongConnection, usesLongConnection } from './doctor/long-connection'
import { examineMcpServers } from './doctor/mcp'
import { examineRedis } from './doctor/redis'
import { texts } from './doctor/texts'
import { printLines } from './instance/bilingual'
import { redact, withoutBlank } from './instance/env'
import { savedEnv } from './doctor/saved-env'
import type { Env } from './instance/env'
import { validateEnv } from './instance/validate-env'

/** The database file of koishi.yml. */
const DATABASE_FILE = 'data/koishi.db'

/** A message in Chinese and in English, one line each. Texts of this instance come before those of the plugin. */
function bilingual([path, params = {}]: Message): string {
  return ([['zh', 'zh-CN'], ['en', 'en-US']] as const).map(([language, locale]) => {
    const text = texts[path]?.[language] ?? lookUp(pluginTexts[locale], path)
    return String(text).replace(/\{(\w+)\}/g, (_, name) => String((params as Record<string, unknown>)[name]))
  }).join('\n')
}

function lookUp(tree: unknown, path: string): unknown {
  return path.split('.').reduce((node, name) => (node as Record<string, unknown> | undefined)?.[name], tree)
}

/** Checks the path to an answer with the settings of the instance. */
function examineGemini(env: Env): AsyncGenerator<Finding> {
  return examineSettings({
    apiKeys: [env.GEMINI_API_KEY ?? ''],
    model: env.GEMINI_MODEL,
    baseUrl: env.GEMINI_BASE_URL,
    proxy: env.SOCKS_PROXY,
    openaiBaseUrl: env.OPENAI_BASE_URL,
    openaiApiKeys: [env.OPENAI_API_KEY ?? ''],
    openaiModel: env.OPENAI_MODEL,
  })
}

function examineDatabase(): Finding {
  if (!existsSync(DATABASE_FILE)) return note('no-file', { file: DATABASE_FILE })
  try {
    accessSync(DATABASE_FILE, constants.R_OK | constants.W_OK)
    return ok('file', { file: DATABASE_FILE })
  } catch (error) {
    return problem('file-failed', { file: DATABASE_FILE, reason: (error as NodeJS.ErrnoException).code }, 'database')
  }
}

/** Checks which platforms are configured, and whether the instance on this machine responds. */
async function* examineInstance(env: Env): AsyncGenerator<Finding> {
  const { HOST = '127.0.0.1', PORT = '35000', PLATFORM = 'both', WECOM_BOT_PATH = '/api/wecom/callback' } = env
  const hasCallback = PLATFORM !== 'dingtalk' && !!env.WECOM_BOT_TOKEN && !!env.WECOM_BOT_ENCODING_AES_KEY
    && !usesLongConnection(env)
  const hasWecom = hasCallback || (usesLongConnection(env) && !!env.WECOM_BOT_ID)
  const hasDingtalk = PLATFORM !== 'wecom' && !!env.DINGTALK_CLIENT_ID && !!env.DINGTALK_CLIENT_SECRET
  for (const [name, isOn] of [['wecom-bot', hasWecom], ['dingtalk', hasDingtalk]] as const) {
    yield isOn ? ok('platform-on', { name }) : note('platform-off', { name })
  }
  if (!hasWecom && !hasDingtalk) yield problem('no-bot', {}, 'no-bot')
  if (hasDingtalk) yield* examineDingtalk(env)
  const host = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[HOST] ?? (HOST.includes(':') ? `[${HOST}]` : HOST)
  const address = `http://${host}:${PORT}`
  try {
    const { ok: isWell, status } = await fetch(address + WECOM_BOT_PATH, { signal: AbortSignal.timeout(5000) })
    yield ok('instance', { address })
    if (!hasCallback) return
    const callback = address + WECOM_BOT_PATH
    yield isWell ? ok('callback', { address: callback }) : problem('callback-failed', { address: callback, status }, 'callback')
  } catch {
    yield note('no-instance', { address }, 'no-instance')
  }
}

async function* examineAll(env: Env, subscribes: boolean) {
  yield* examineGemini(env)
  yield examineDatabase()
  if (env.REDIS_URL) yield* examineRedis(env.REDIS_URL)
  yield* examineMcpServers(env)
  yield* examineInstance(env)
  if (usesLongConnection(env)) yield* examineLongConnection(env, subscribes)
}

async function run() {
  for (const file of ['.env.local', '.env']) if (existsSync(file)) process.loadEnvFile(file)
  const { values: { subscribe = false } } = parseArgs({ options: { subscribe: { type: 'boolean' } } })
  // What is not set by a variable may be saved from the console.
  const saved = savedEnv()
  const variables = withoutBlank(process.env)
  const env = { ...saved, ...variables }
  // The instance does not start with any of these.
  const problems = validateEnv(variables, name => saved[name])
  printLines(problems.map(text => ({ mark: '✗', ...text })))
  let failures = problems.length
  for await (const finding of examineAll(env, subscribe)) {
    if (finding.state === 'problem') failures++
    console.log(redact(formatFinding(finding, bilingual), env))
  }
  console.log(`\n${bilingual(failures ? ['doctor.ill', { failures }] : ['doctor.well'])}`)
  process.exitCode = failures ? 1 : 0
}

run().catch((error) => {
  console.error(redact(String(error), process.env))
  process.exitCode = 1
})
