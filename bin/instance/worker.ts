import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Logger, unwrapExports } from 'koishi'
import type { Context, Dict } from 'koishi'
import * as settingsForm from 'settings-form'
import { validateEnv, CONSOLE_PATH } from './validate-env'
import { withoutBlank } from './env'
import { examineEnvFiles } from './env-hints/env-file'
import { nameHints } from './env-hints/names'
import { valueHints } from './env-hints/values'
import { explainFailure } from './explain-failure'
import * as consoleGate from './console-gate'
import { CONFIG_EXIT_CODE, prepareData, reserveDatabases } from './data/prepare'
import { sweepLogFiles } from './data/log-files'
import { isStorageError, LogHistory } from './data/log-history'
import { deferModules } from './deferred-modules'
import { ErrorReporter } from './error-reporter'
import { keepHealthFile } from './health-file'
import * as keepAlive from './keep-alive'
import { InstanceLoader, firstLine } from './loader'
import * as isolation from './isolation'
import { freeRemovedCommands } from './koishi/command-options'
import { slimMiddlewareChain } from './koishi/middleware-chain'
import { speedUpQueries } from './koishi/queries'
import { speedUpServiceAccess } from './koishi/service-access'
import { setupLog } from './log/setup'
import type { LogConfig } from './log/setup'
import { setupLogLabels } from './log/labels'
import { setupLogPrivacy } from './log/privacy'
import { checkPort } from './port'
import { startupReport } from './startup-report'
import { describeSurface, Surfaces } from './surfaces'
import type { RunningPlugins } from './startup-report'
import { explainMerge } from './settings/explain-merge'
import { printLines } from './bilingual'
import type { BilingualText, ReportLine } from './bilingual'

/** Time for plugins to apply, after which the report is printed anyway: a plugin may be waiting for the network. */
const START_TIMEOUT_MS = 10_000
/** Time for `exit` listeners, such as one that finishes streaming an answer. */
const EXIT_LISTENER_TIMEOUT_MS = 10_000
/** Time for `exit` listeners after an uncaught exception. */
const CRASH_TIMEOUT_MS = 3000
const LOG_SWEEP_MS = 3_600_000
/** Time for sockets and files to close after all plugins are disposed. */
const CLOSE_TIMEOUT_MS = 500
/** Signals within this time count as one: `timeout` signals both the process and its group. */
const REPEATED_SIGNAL_MS = 250

/** Logins to the console kept by the launcher. Removed from the environment that plugins and child processes see. */
const savedLogins = process.env.KOISHI_CONSOLE_LOGINS
delete process.env.KOISHI_CONSOLE_LOGINS

/** The latest one-time link to the console, printed below the startup report. */
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
  const grace = new Promise<void>((resolve) => { timer = setTimeout(resolve, EXIT_LISTENER_TIMEOUT_MS) })
  const exit = app.parallel('exit', signal).catch(error => new Logger('app').warn(error))
  await Promise.race([exit, grace]).finally(() => clearTimeout(timer))
  await loader.close()
  process.exitCode = code
  if (process.connected) process.disconnect()
  setTimeout(() => process.exit(code), CLOSE_TIMEOUT_MS).unref()
}

function fail(texts: BilingualText[], code = 1): never {
  printLines(texts.map(text => ({ mark: '✗', ...text })))
  process.exit(code)
}

async function readSettings() {
  try {
    await loader.init(process.env.KOISHI_CONFIG_FILE || undefined)
    // Koishi reads package.json from the working directory, which must be the folder of koishi.yml.
    process.chdir(loader.baseDir)
    const folder = await prepareData(loader.baseDir, fail)
    printLines(explainMerge(await loader.useSavedSettings(folder)))
    const { problems, hints } = await examineEnvFiles(loader.baseDir)
    if (problems.length) fail(problems, CONFIG_EXIT_CODE)
    printLines(hints.map(text => ({ mark: '!', ...text })))
    const { logger } = await loader.readConfig(true) as { logger?: LogConfig }
    setupLog(logger)
    setupLogPrivacy()
    setupLogLabels()
  } catch (error) {
    const detail = firstLine(error)
    fail([{
      zh: `无法读取 koishi.yml：${detail}。请在项目目录里启动。`,
      en: `cannot read koishi.yml: ${detail}. Start in the project folder.`,
    }], CONFIG_EXIT_CODE)
  }
  // A blank value in .env means the same as a missing one, also to plugins.
  const env = withoutBlank(process.env)
  for (const name in process.env) {
    if (!(name in env)) delete process.env[name]
  }
  const problems = validateEnv(env, name => loader.savedValueOf(name))
  printLines([...nameHints(env), ...valueHints(env)].map(text => ({ mark: '!', ...text })))
  if (problems.length) fail(problems, CONFIG_EXIT_CODE)
  return env
}

function loginLine(url: string): ReportLine {
  return { mark: '✓', zh: `控制台的一次性登录链接：${url}`, en: `One-time link to the console: ${url}` }
}

/** The settings of the running plugins. Of several entries the first one counts: it is the one with the variables. */
function runningPlugins(): Dict<Dict> {
  const running: Dict<Dict> = {}
  for (const { name, fork } of loader.entries()) {
    if (fork) running[name] ??= fork.config as Dict
  }
  return running
}

async function start() {
  speedUpServiceAccess()
  slimMiddlewareChain()
  const deferred = deferModules()
  speedUpQueries()
  freeRemovedCommands()
  const env = await readSettings()
  await reserveDatabases(loader.databaseFiles(), fail)
  watchLogs(join(loader.baseDir, 'data', 'logs'))
  const { host = '127.0.0.1', port } = loader.settingsOf('server') as { host?: string, port?: number }
  const portProblem = port && await checkPort(host, port)
  if (portProblem) fail([portProblem])

  app = await loader.createApp()
  app.plugin(isolation)
  app.plugin(keepAlive)
  app.plugin(settingsForm)
  if (env.KOISHI_WATCH_SOURCES) await watchSources(app, env.KOISHI_WATCH_SOURCES)
  app.plugin(consoleGate, {
    password: env.KOISHI_ADMIN_PASSWORD,
    uiPath: CONSOLE_PATH,
    saved: savedLogins,
    save: body => process.send?.({ type: 'console-logins', body }),
    announce(url) {
      loginUrl = url
      if (isReported) printLines([loginLine(url)])
    },
  })
  const surfaces = new Surfaces(join(loader.baseDir, 'data', 'surfaces.json'))
  await surfaces.load()
  surfaces.watch(app, (surface, bot) => printLines([describeSurface(surface, bot.config)]))
  await loader.start(START_TIMEOUT_MS)
  if (stopping) return
  const failures = loader.failures()
  if (failures.length) fail(failures.map(failure => explainFailure(failure, env)))

  const plugins = runningPlugins() as RunningPlugins
  keepHealthFile(app, join(loader.baseDir, 'data', 'health.json'), runningPlugins)
  // Before the report: from its last line on, a crash leads to a restart.
  process.send?.({ type: 'started' })
  isReported = true
  printLines([
    ...startupReport(plugins, env, {
      seen: surfaces.of(plugins['adapter-wecom-bot']?.token),
      shared: app.get('sharedState'),
    }),
    ...loginUrl ? [loginLine(loginUrl)] : [],
    { mark: '✓', zh: '启动完成。', en: 'Ready.' },
  ])
  await deferred.loadUntilStarted()
}

/** Reloads a plugin when one of its sources changes. `npm run dev` sets the folder, see `scripts/watch-sources.ts`. */
async function watchSources(app: Context, base: string) {
  // A CommonJS module with a default export, which is nested when it is imported.
  const Watcher = unwrapExports(unwrapExports(await import('@koishijs/plugin-hmr')))
  const root = ['packages', 'plugins', 'examples'].filter(folder => existsSync(join(base, folder)))
  app.plugin(Watcher, { base, root, ignored: ['**/node_modules/**', '**/lib/**', '**/tests/**'] })
}

/** Limits the size of the log files, and pauses writing them while the disk is full. */
function watchLogs(folder: string) {
  const print = (zh: string, en: string) => process.stderr.write(`! ${zh}\n  ${en}\n`)
  const history = new LogHistory({
    folder,
    print,
    reload: () => loader.restartPlugin('logger'),
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

// If standard output is a file on a full disk or a closed pipe, only the line is lost.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

process.on('uncaughtException', (error) => {
  new Logger('app').error(error)
  // Unfinished answers get a notice; then the launcher restarts this process.
  setTimeout(() => process.exit(1), CRASH_TIMEOUT_MS)
  void stop('SIGTERM', 1)
})

let signalledAt = 0
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second signal stops immediately. The launcher may forward the first one as well, hence the minimum distance.
    if (signalledAt && performance.now() - signalledAt > REPEATED_SIGNAL_MS) process.exit(130)
    signalledAt ||= performance.now()
    void stop(signal)
  })
}
process.on('message', ({ type, signal }: { type: string, signal: NodeJS.Signals }) => {
  if (type === 'stop') void stop(signal)
})
// Without the launcher, this process could not be stopped or restarted.
process.on('disconnect', () => void stop('SIGTERM'))

start().catch((error) => {
  new Logger('app').error(error)
  process.exit(1)
})
