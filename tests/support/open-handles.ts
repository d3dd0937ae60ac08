/**
 * Root hook of mocha: names what keeps the process alive after the last spec and ends it, with a failure. Otherwise a
 * server, socket or child process that a spec has left open makes the run wait for ever, without a word. With
 * `--parallel`, where the processes are ended anyway, each file answers for its own servers and child processes.
 */

import type { ChildProcess } from 'node:child_process'
import { Server, Socket } from 'node:net'

const GRACE_MS = 60_000
/** Time for a server to close that a spec has closed without waiting. */
const CLOSING_MS = 5000
const CHECK_INTERVAL_MS = 20

const isWorker = process.env.MOCHA_WORKER_ID !== undefined
/** What an earlier file of this process has left open. */
const reported = new WeakSet<object>()

export const mochaHooks = {
  async afterAll(this: Mocha.Context) {
    if (isWorker) {
      this.timeout(GRACE_MS)
      await refuseLeftOpen()
      return
    }
    // The timer itself keeps nothing alive: it only fires if something else does.
    setTimeout(() => {
      const open = [...activeHandles().map(describeHandle), ...process.getActiveResourcesInfo()]
      process.stderr.write(`The specs are over, but these keep the process alive: ${open.join('; ')}\n`)
      // Mocha sets the exit code in a listener of its own, which ran before this one.
      process.once('exit', () => process.exitCode = 1)
      process.exit()
    }, GRACE_MS).unref()
  },
}

async function refuseLeftOpen() {
  const until = performance.now() + CLOSING_MS
  let open = leftOpen()
  while (open.length && performance.now() < until) {
    await new Promise(resolve => setTimeout(resolve, CHECK_INTERVAL_MS))
    open = leftOpen()
  }
  for (const handle of open) reported.add(handle)
  if (open.length) throw new Error(`The specs of this file leave open: ${open.map(describeHandle).join('; ')}`)
}

function activeHandles(): object[] {
  return (process as unknown as { _getActiveHandles(): object[] })._getActiveHandles()
}

/** Servers and child processes. Sockets may be those of a pool of connections, which end by themselves. */
function leftOpen(): object[] {
  const isOwned = (handle: object) => handle instanceof Server || 'spawnargs' in handle
  return activeHandles().filter(handle => isOwned(handle) && !reported.has(handle))
}

function describeHandle(handle: object): string {
  if (handle instanceof Server) return `server on ${JSON.stringify(handle.address())}`
  if (handle instanceof Socket) return `socket ${handle.localPort} → ${handle.remoteAddress}:${handle.remotePort}`
  if ('spawnargs' in handle) return `child process ${(handle as ChildProcess).spawnargs.join(' ')}`
  return handle.constructor.name
}
