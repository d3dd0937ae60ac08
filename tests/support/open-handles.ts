/**
 * Root hook of mocha: names what keeps the process alive after the last spec and ends it, with a failure. Otherwise a
 * server, socket or child process that a spec has left open makes the run wait for ever, without a word.
 */

import type { ChildProcess } from 'node:child_process'
import { Server, Socket } from 'node:net'

const GRACE_MS = 60_000

export const mochaHooks = {
  afterAll() {
    // The timer itself keeps nothing alive: it only fires if something else does.
    setTimeout(() => {
      process.stderr.write(`The specs are over, but these keep the process alive: ${openHandles().join('; ')}\n`)
      // Mocha sets the exit code in a listener of its own, which ran before this one.
      process.once('exit', () => process.exitCode = 1)
      process.exit()
    }, GRACE_MS).unref()
  },
}

function openHandles(): string[] {
  const handles = (process as unknown as { _getActiveHandles(): object[] })._getActiveHandles()
  return [...handles.map(describeHandle), ...process.getActiveResourcesInfo()]
}

function describeHandle(handle: object): string {
  if (handle instanceof Server) return `server on ${JSON.stringify(handle.address())}`
  if (handle instanceof Socket) return `socket ${handle.localPort} → ${handle.remoteAddress}:${handle.remotePort}`
  if ('spawnargs' in handle) return `child process ${(handle as ChildProcess).spawnargs.join(' ')}`
  return handle.constructor.name
}
