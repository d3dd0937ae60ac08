import { readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lock } from 'proper-lockfile'

/** A lock that was not refreshed for so long belongs to a process that is gone. */
const STALE_MS = 10_000
const REFRESH_MS = 2500
const RETRY_MS = 500

/** Tells the process that holds the lock from any other one, as far as this kernel can. */
interface Holder {
  pid: number
  /** Clock ticks from boot to the start of the process. */
  startedAt: string
  /** Processes of another pid namespace, such as a container's, cannot be looked up. */
  namespace: string
}

function startOf(pid: number): string {
  try {
    // The name in parentheses may contain blanks; the 20th field after it is `starttime`.
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

/** Whether the process that wrote the file is known to be gone; a process that cannot be looked up is not. */
function isGone(holder: Holder | undefined): boolean {
  if (!holder?.namespace || holder.namespace !== namespace()) return false
  return startOf(holder.pid) !== holder.startedAt
}

/**
 * Takes the data folder for this process. Two processes on one SQLite file overwrite each other's changes.
 *
 * The lock of a process that was killed is taken over: at once where it can be seen that the process is gone, else
 * after ten seconds without a refresh.
 * @param lost is called when another process has taken the folder, e.g. after this one was suspended
 * @returns the pid of the process that has the folder, or `undefined` when this one has it now
 */
export async function lockFolder(folder: string, lost: () => void): Promise<number | undefined> {
  const lockfilePath = join(folder, 'instance.lock')
  const holderFile = join(folder, 'instance.json')
  const take = () => lock(folder, {
    lockfilePath,
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
    if (isGone(holder)) {
      try {
        rmdirSync(lockfilePath)
        continue
      } catch {}
    }
    if (performance.now() >= deadline) return holder?.pid ?? 0
    await sleep(RETRY_MS)
  }
}
