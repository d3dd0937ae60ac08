import { access, constants, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Logger } from 'koishi'
import type { Context } from 'koishi'
import { check, panel } from './validate-env'
import { withoutBlank } from './env'
import { explain } from './explain-failure'
import * as consoleGate from './console-gate'
import { InstanceLoader } from './loader'
import { setupLog } from './log'
import type { LogConfig } from './log'
import { probe } from './port'
import { report } from './startup-report'
import type { Running } from './startup-report'
import { print } from './bilingual'
import type { Text } from './bilingual'

/** Wrong settings; 78 is EX_CONFIG of sysexits.h, so that a service manager can tell them from a crash. */
const CONFIG = 78
/** Time for plugins to apply. What takes longer waits for the network, and the report need not wait for that. */
const START = 10_000
/** Time for `exit` listeners, e.g. an answer that is still being streamed. */
const GRACE = 10_000
/** Time for sockets and files to close after everything is disposed. */
const LINGER = 500
/** Signals this close are one: `timeout` sends its own to the process and to the group. */
const ONE = 250

/** Logins to the console that the launcher kept; no plugin or child process is to inherit them. */
const savedLogins = process.env.KOISHI_CONSOLE_LOGINS
delete process.env.KOISHI_CONSOLE_LOGINS

let app: Context | undefined
let stopping = false

const loader = new InstanceLoader(() => void stop('SIGTERM', InstanceLoader.exitCode))

async function stop(signal: NodeJS.Signals, code = 0) {
  if (stopping) return
  stopping = true
  if (!app) return process.exit(code)
  let timer: NodeJS.Timeout
  const grace = new Promise<void>((resolve) => { timer = setTimeout(resolve, GRACE) })
  const exit = app.parallel('exit', signal).catch(error => new Logger('app').warn(error))
  await Promise.race([exit, grace]).finally(() => clearTimeout(timer))
  await loader.close()
  process.exitCode = code
  if (process.connected) process.disconnect()
  setTimeout(() => process.exit(code), LINGER).unref()
}

function fail(texts: Text[], code = 1): never {
  print(texts.map(text => ({ mark: '✗', ...text })))
  process.exit(code)
}

async function readSettings() {
  try {
    await loader.init(process.env.KOISHI_CONFIG_FILE || undefined)
    // Koishi looks after the package.json of the current folder, which must be the one beside koishi.yml.
    process.chdir(loader.baseDir)
    const { logger } = await loader.readConfig(true) as { logger?: LogConfig }
    setupLog(logger)
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    fail([{
      zh: `读不了 koishi.yml：${detail}。请在项目目录里启动。`,
      en: `cannot read koishi.yml: ${detail}. Start in the folder of the project.`,
    }], CONFIG)
  }
  // A blank value from .env must not differ from a missing one anywhere.
  const env = withoutBlank(process.env)
  for (const name in process.env) {
    if (!(name in env)) delete process.env[name]
  }
  const problems = check(env)
  if (problems.length) fail(problems, CONFIG)
  return env
}

async function prepareData() {
  const folder = join(loader.baseDir, 'data')
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const uid = process.getuid?.()
    fail([{
      zh: `写不了数据目录 ${folder}（${code}）：请让运行本程序的用户（uid ${uid}）拥有它，例如 chown -R ${uid} ${folder}。`,
      en: `cannot write the data folder ${folder} (${code}): give it to the user this runs as (uid ${uid}), `
        + `e.g. chown -R ${uid} ${folder}.`,
    }])
  }
}

async function start() {
  const env = await readSettings()
  await prepareData()
  const busy = await probe(env.HOST ?? '127.0.0.1', +(env.PORT ?? 35000))
  if (busy) fail([busy])

  app = await loader.createApp()
  app.plugin(consoleGate, {
    password: env.KOISHI_ADMIN_PASSWORD,
    uiPath: panel,
    saved: savedLogins,
    save: body => process.send?.({ type: 'console-logins', body }),
    announce: url => print([{ mark: '✓', zh: `控制台的一次性登录链接：${url}`, en: `One-time link to the console: ${url}` }]),
  })
  await loader.start(START)
  if (stopping) return
  const failures = loader.failures()
  if (failures.length) fail(failures.map(failure => explain(failure, env)))

  const running = Object.fromEntries(loader.entries().map(({ name, fork }) => [name, fork!.config]))
  print([...report(running as Running, env), { mark: '✓', zh: '启动完成。', en: 'Ready.' }])
}

process.on('uncaughtException', (error) => {
  new Logger('app').error(error)
  process.exit(1)
})
process.on('unhandledRejection', error => new Logger('app').warn(error))

let signalled = 0
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Only a second signal means "at once": the first one may also have come through the launcher.
    if (signalled && Date.now() - signalled > ONE) process.exit(130)
    signalled ||= Date.now()
    void stop(signal)
  })
}
process.on('message', ({ type, signal }: { type: string, signal: NodeJS.Signals }) => {
  if (type === 'stop') void stop(signal)
})
// The launcher is gone: nobody could stop or restart this process any more.
process.on('disconnect', () => void stop('SIGTERM'))

start().catch((error) => {
  new Logger('app').error(error)
  process.exit(1)
})
