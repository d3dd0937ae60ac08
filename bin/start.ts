import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { extname, join } from 'node:path'
import { printLines } from './instance/bilingual'
import { withoutBlank } from './instance/env'
import { v8Flags } from './instance/v8-flags'

/** Exit code with which the worker requests a restart, e.g. from the console. */
const RESTART_EXIT_CODE = 51
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Signals within this time count as one: `timeout` signals both the process and its group. */
const REPEATED_SIGNAL_MS = 250

/** Exit code of the worker for wrong settings, see `worker.ts`. A restart would not help. */
const CONFIG_EXIT_CODE = 78

const FIRST_RESTART_DELAY_MS = 1000
const MAX_RESTART_DELAY_MS = 60_000
/** A worker that has run this long has recovered, and the delay is reset. */
const RECOVERED_AFTER_MS = 600_000

const workerFile = join(__dirname, 'instance', 'worker' + extname(__filename))
let worker: ChildProcess
/** When the first signal arrived; 0 before. */
let stoppedAt = 0
/** Whether a worker has started completely, which shows that the settings are right and a restart makes sense. */
let hasStarted = false
let delay = FIRST_RESTART_DELAY_MS
let restartTimer: NodeJS.Timeout | undefined
/** Serialised logins to the console, which survive a restart of the worker. */
let logins: string | undefined

function launch(shared = process.env.KOISHI_SHARED) {
  restartTimer = undefined
  // A blank variable would take precedence over the value in .env, so it is dropped before the worker reads the file.
  const env = { ...withoutBlank(process.env), KOISHI_SHARED: shared, KOISHI_CONSOLE_LOGINS: logins }
  const startedAt = performance.now()
  worker = fork(workerFile, { env, execArgv: [...process.execArgv, ...v8Flags()] })
  worker.on('message', ({ type, body }: { type: string, body: string }) => {
    if (type === 'shared') shared = body
    if (type === 'console-logins') logins = body
    if (type === 'started') hasStarted = true
  })
  // Not `exit`, which may come before the last messages.
  worker.on('close', (code, signal) => {
    if (code === RESTART_EXIT_CODE && !stoppedAt) return launch(shared)
    // A terminal signals both processes; the worker may not have installed its handlers yet.
    const stopped = code === RESTART_EXIT_CODE || SIGNALS.some(name => name === signal)
    const status = stoppedAt && stopped ? 0 : code ?? 128 + constants.signals[signal!]
    if (stoppedAt || !hasStarted || status === 0 || status === CONFIG_EXIT_CODE) process.exit(status)
    restartLater(shared, signal ?? `${code}`, performance.now() - startedAt)
  })
}

/** Restarts the worker after a crash. The delay doubles with each crash, up to a minute. */
function restartLater(shared: string | undefined, cause: string, uptime: number) {
  if (uptime >= RECOVERED_AFTER_MS) delay = FIRST_RESTART_DELAY_MS
  printLines([{
    mark: '!',
    zh: `进程意外退出（${cause}），${delay / 1000} 秒后重新启动；原因见上面的日志。`,
    en: `The process ended unexpectedly (${cause}) and restarts in ${delay / 1000} s; see the log above for the cause.`,
  }])
  restartTimer = setTimeout(launch, delay, shared)
  delay = Math.min(delay * 2, MAX_RESTART_DELAY_MS)
}

function stop(signal: NodeJS.Signals) {
  stoppedAt = performance.now()
  if (restartTimer) process.exit(0)
  // By message rather than kill(): the worker may already have the signal, and a second one stops it immediately.
  worker.send({ type: 'stop', signal }, () => {})
}

for (const signal of SIGNALS) {
  process.on(signal, () => {
    if (!stoppedAt) return stop(signal)
    if (performance.now() - stoppedAt > REPEATED_SIGNAL_MS) worker.kill('SIGKILL')
  })
}

// The shell of `npm start` does not forward signals: it exits, and this process gets another parent.
if (process.env.npm_lifecycle_event) {
  const shell = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(timer)
    if (!stoppedAt) stop('SIGTERM')
  }, 200)
}

launch()
