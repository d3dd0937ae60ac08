import { join } from 'node:path'
import { Logger } from 'koishi'
import type { Context } from 'koishi'
import { check, panel } from './validate-env'
import { withoutBlank } from './env'
import { explain } from './explain-failure'
import * as consoleGate from './console-gate'
import { prepareFolder } from './data/folder'
import { lockFolder } from './data/lock'
import { sweepLogFiles } from './data/log-files'
import { isStorageError, LogHistory } from './data/log-history'
import { ErrorReporter } from './error-reporter'
import { InstanceLoader } from './loader'
import * as isolation from './isolation'
import { setupLog } from './log'
import type { LogConfig } from './log'
import { setupLogPrivacy } from './log-privacy'
import { probe } from './port'
import { report } from './startup-report'
import type { Running } from './startup-report'
import { print } from './bilingual'
import type { Line, Text } from './bilingual'

/** Wrong settings; 78 is EX_CONFIG of sysexits.h, so that a service manager can tell them from a crash. */
const CONFIG = 78
/** Time for plugins to apply. What takes longer waits for the network, and the report need not wait for that. */
const START = 10_000
/** Time for `exit` listeners, e.g. an answer that is still being streamed. */
const GRACE = 10_000
/** Time for `exit` listeners after an exception that was not caught. */
const CRASH_GRACE_MS = 3000
const LOG_SWEEP_MS = 3_600_000
/** Time for sockets and files to close after everything is disposed. */
const LINGER = 500
/** Signals this close are one: `timeout` sends its own to the process and to the group. */
const ONE = 250

/** Logins to the console that the launcher kept; no plugin or child process is to inherit them. */
const savedLogins = process.env.KOISHI_CONSOLE_LOGINS
delete process.env.KOISHI_CONSOLE_LOGINS

/** The newest one-time link to the console; it belongs below the report of the start. */
let loginUrl: string | undefined
let isReported = false
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
    setupLogPrivacy()
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
    await prepareFolder(folder)
    const pid = await lockFolder(folder, () => {
      fail([{
        zh: `数据目录 ${folder} 已被另一个进程占用，本进程退出。`,
        en: `the data folder ${folder} is now used by another process, so this one ends.`,
      }], CONFIG)
    })
    if (pid === undefined) return folder
    fail([{
      zh: `数据目录 ${folder} 正由另一个进程（pid ${pid || '未知'}）使用，请先停止它，或换一个目录启动。`,
      en: `the data folder ${folder} is used by another process (pid ${pid || 'unknown'}): stop that one first, `
        + 'or start in another folder.',
    }], CONFIG)
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

function loginLine(url: string): Line {
  return { mark: '✓', zh: `控制台的一次性登录链接：${url}`, en: `One-time link to the console: ${url}` }
}

async function start() {
  const env = await readSettings()
  const folder = await prepareData()
  watchLogs(join(folder, 'logs'))
  const busy = await probe(env.HOST ?? '127.0.0.1', +(env.PORT ?? 35000))
  if (busy) fail([busy])

  app = await loader.createApp()
  app.plugin(isolation)
  app.plugin(consoleGate, {
    password: env.KOISHI_ADMIN_PASSWORD,
    uiPath: panel,
    saved: savedLogins,
    save: body => process.send?.({ type: 'console-logins', body }),
    announce(url) {
      loginUrl = url
      if (isReported) print([loginLine(url)])
    },
  })
  await loader.start(START)
  if (stopping) return
  const failures = loader.failures()
  if (failures.length) fail(failures.map(failure => explain(failure, env)))

  const running = Object.fromEntries(loader.entries().map(({ name, fork }) => [name, fork!.config]))
  isReported = true
  print([
    ...report(running as Running, env),
    ...loginUrl ? [loginLine(loginUrl)] : [],
    { mark: '✓', zh: '启动完成。', en: 'Ready.' },
  ])
  process.send?.({ type: 'started' })
}

/** Keeps the log files within their bounds, and the rest running while they cannot be written. */
function watchLogs(folder: string) {
  const print = (zh: string, en: string) => process.stderr.write(`! ${zh}\n  ${en}\n`)
  const history = new LogHistory({
    folder,
    print,
    reload: () => loader.entries().find(({ name }) => name === 'logger')?.fork?.restart(),
  })
  const reporter = new ErrorReporter(() => performance.now(), error => new Logger('app').warn(error),
    line => process.stderr.write(`${line}\n`))
  process.on('unhandledRejection', (error) => {
    const isOfLog = isStorageError(error, folder)
    if (isOfLog) history.pause(error)
    reporter.report(error, isOfLog)
  })
  void sweepLogFiles(folder)
  setInterval(() => void sweepLogFiles(folder), LOG_SWEEP_MS).unref()
}

// Where standard output is a file on a full disk, or a pipe whose reader is gone, only the line is lost.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

process.on('uncaughtException', (error) => {
  new Logger('app').error(error)
  // Answers under way get a sentence; the launcher starts this again.
  setTimeout(() => process.exit(1), CRASH_GRACE_MS)
  void stop('SIGTERM', 1)
})

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
