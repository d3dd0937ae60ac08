import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { extname, join } from 'node:path'
import { withoutBlank } from './instance/env'

/** The worker's wish to be started again, e.g. "restart" in the console. */
const RESTART = 51
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Signals this close are one: `timeout` sends its own to the process and to the group. */
const ONE = 250

const file = join(__dirname, 'instance', 'worker' + extname(__filename))
let worker: ChildProcess
let stopping = 0
/** Logins to the console, so that a restart from there does not log its user out. */
let logins: string | undefined

function launch(shared = process.env.KOISHI_SHARED) {
  // Blank variables are dropped before the worker reads .env, where they would hide what is written there.
  const env = { ...withoutBlank(process.env), KOISHI_SHARED: shared, KOISHI_CONSOLE_LOGINS: logins }
  worker = fork(file, { env })
  worker.on('message', ({ type, body }: { type: string, body: string }) => {
    if (type === 'shared') shared = body
    if (type === 'console-logins') logins = body
  })
  worker.on('exit', (code, signal) => {
    if (code === RESTART && !stopping) return launch(shared)
    // A terminal sends the signal to both of us; the worker may not have been listening yet.
    const stopped = code === RESTART || SIGNALS.some(name => name === signal)
    process.exit(stopping && stopped ? 0 : code ?? 128 + constants.signals[signal!])
  })
}

function stop(signal: NodeJS.Signals) {
  stopping = Date.now()
  // Not kill(): the worker may have the signal already, and a second one means "at once".
  worker.send({ type: 'stop', signal }, () => {})
}

for (const signal of SIGNALS) {
  process.on(signal, () => {
    if (!stopping) return stop(signal)
    if (Date.now() - stopping > ONE) worker.kill('SIGKILL')
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
