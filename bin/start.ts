import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { extname, join } from 'node:path'
import { print } from './instance/bilingual'
import { withoutBlank } from './instance/env'

/** The worker's wish to be started again, e.g. "restart" in the console. */
const RESTART = 51
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Signals this close are one: `timeout` sends its own to the process and to the group. */
const ONE = 250

/** The worker ended because of wrong settings, see `worker.ts`: starting it again would not help. */
const WRONG_SETTINGS = 78

const FIRST_RESTART_DELAY_MS = 1000
const MAX_RESTART_DELAY_MS = 60_000
/** A worker that ran for so long has recovered: the next restart comes quickly again. */
const RECOVERED_AFTER_MS = 600_000

const file = join(__dirname, 'instance', 'worker' + extname(__filename))
let worker: ChildProcess
let stopping = 0
/** A worker of this launcher has started completely, so the settings are right and a crash may pass. */
let hasStarted = false
let delay = FIRST_RESTART_DELAY_MS
let restartTimer: NodeJS.Timeout | undefined
/** Logins to the console, so that a restart from there does not log its user out. */
let logins: string | undefined

function launch(shared = process.env.KOISHI_SHARED) {
  restartTimer = undefined
  // Blank variables are dropped before the worker reads .env, where they would hide what is written there.
  const env = { ...withoutBlank(process.env), KOISHI_SHARED: shared, KOISHI_CONSOLE_LOGINS: logins }
  const startedAt = performance.now()
  worker = fork(file, { env })
  worker.on('message', ({ type, body }: { type: string, body: string }) => {
    if (type === 'shared') shared = body
    if (type === 'console-logins') logins = body
    if (type === 'started') hasStarted = true
  })
  worker.on('exit', (code, signal) => {
    if (code === RESTART && !stopping) return launch(shared)
    // A terminal sends the signal to both of us; the worker may not have been listening yet.
    const stopped = code === RESTART || SIGNALS.some(name => name === signal)
    const status = stopping && stopped ? 0 : code ?? 128 + constants.signals[signal!]
    if (stopping || !hasStarted || status === 0 || status === WRONG_SETTINGS) process.exit(status)
    restartLater(shared, signal ?? `${code}`, performance.now() - startedAt)
  })
}

/** Starts the worker again after a crash, with longer and longer pauses while it keeps crashing. */
function restartLater(shared: string | undefined, cause: string, uptime: number) {
  if (uptime >= RECOVERED_AFTER_MS) delay = FIRST_RESTART_DELAY_MS
  print([{
    mark: '!',
    zh: `进程意外退出（${cause}），${delay / 1000} 秒后重新启动；原因见上面的日志。`,
    en: `The process ended unexpectedly (${cause}) and starts again in ${delay / 1000} s; the log above says why.`,
  }])
  restartTimer = setTimeout(launch, delay, shared)
  delay = Math.min(delay * 2, MAX_RESTART_DELAY_MS)
}

function stop(signal: NodeJS.Signals) {
  stopping = performance.now()
  if (restartTimer) process.exit(0)
  // Not kill(): the worker may have the signal already, and a second one means "at once".
  worker.send({ type: 'stop', signal }, () => {})
}

for (const signal of SIGNALS) {
  process.on(signal, () => {
    if (!stopping) return stop(signal)
    if (performance.now() - stopping > ONE) worker.kill('SIGKILL')
  })
}

// `npm start` runs a shell that does not pass signals on: it ends and leaves us behind.
if (process.env.npm_lifecycle_event) {
  const shell = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(timer)
    if (!stopping) stop('SIGTERM')
  }, 200)
}

launch()
