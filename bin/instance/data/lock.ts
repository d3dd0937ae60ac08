import { readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lock } from 'proper-lockfile'

/** A lock that has not been refreshed for this long is stale. */
const STALE_MS = 10_000
const REFRESH_MS = 2500
const RETRY_MS = 500

/** Identifies the process that holds the lock. */
interface Holder {
  pid: number
  /** Clock ticks from boot to the start of the process. */
  startedAt: string
  /** The pid namespace: processes of another one, such as a container's, cannot be looked up. */
  namespace: string
}

function startOf(pid: number): string {
  try {
    // The process name in parentheses may contain spaces; the 20th field after it is `starttime`.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ')[19]
  } catch {
    return ''
  }
}

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid') + readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

function readHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** Whether the process that wrote the file has certainly exited: `false` if it cannot be looked up. */
function hasExited(holder: Holder | undefined): boolean {
  if (!holder?.namespace || holder.namespace !== namespace()) return false
  return startOf(holder.pid) !== holder.startedAt
}

/**
 * Locks the data folder for this process.
 * @param lost called if another process has taken the lock, e.g. after this one was suspended
 * @returns the pid of the process that holds the lock (0 if unknown), or `undefined` if this one does
 */
export function lockFolder(folder: string, lost: () => void): Promise<number | undefined> {
  return takeLock(folder, join(folder, 'instance.lock'), join(folder, 'instance.json'), lost)
}

/**
 * Locks a SQLite file, which may be elsewhere than in the data folder: two processes with one file would overwrite each
 * other's changes. Nothing is locked where its folder is missing or cannot be written; SQLite then says so.
 * @param lost called if another process has taken the lock
 * @returns the pid of the process that holds the lock (0 if unknown), or `undefined` if none does
 */
export async function lockDatabase(file: string, lost: () => void): Promise<number | undefined> {
  try {
    const path = await realpath(file).catch(async () => join(await realpath(dirname(file)), basename(file)))
    return await takeLock(path, `${path}.lock`, `${path}.lock.json`, lost)
  } catch {
    return undefined
  }
}

/**
 * The lock of a killed process is taken over, immediately if the process can be looked up, otherwise after ten seconds
 * without a refresh.
 */
async function takeLock(
  path: string, lockfilePath: string, holderFile: string, lost: () => void,
): Promise<number | undefined> {
  const take = () => lock(path, {
    lockfilePath,
    realpath: false,
    stale: STALE_MS,
    update: REFRESH_MS,
    onCompromised: () => void take().then(note, lost),
  })
  const note = () => {
    const holder: Holder = { pid: process.pid, startedAt: startOf(process.pid), namespace: namespace() }
    writeFileSync(holderFile, JSON.stringify(holder))
  }
  const deadline = performance.now() + STALE_MS + 2 * RETRY_MS
  for (;;) {
    try {
      await take()
      note()
      return undefined
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error
    }
    const holder = readHolder(holderFile)
    if (hasExited(holder)) {
      try {
        rmdirSync(lockfilePath)
        continue
      } catch {}
    }
    if (performance.now() >= deadline) return holder?.pid ?? 0
    await sleep(RETRY_MS)
  }
}
