import fs from 'node:fs'
import type { WriteFailure } from './actions'

let failure: WriteFailure | null = null

/** Makes writes to files fail, or, with `null`, work again. */
export function failWrites(next: WriteFailure | null) {
  failure = next
}

function check(path: string, syscall: string) {
  if (!failure || !path.startsWith(failure.prefix)) return
  const { code } = failure
  throw Object.assign(new Error(`${code}: injected, ${syscall} '${path}'`), { code, syscall, path })
}

function pathOf(fd: number): string {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}

// SQLite writes by the synchronous functions, Koishi's log by file handles, and settings by promises.
const { writeSync, ftruncateSync } = fs
fs.writeSync = ((fd: number, ...rest: [never]) => {
  if (failure) check(pathOf(fd), 'write')
  return writeSync(fd, ...rest)
}) as typeof writeSync
fs.ftruncateSync = (fd, length) => {
  if (failure) check(pathOf(fd), 'ftruncate')
  ftruncateSync(fd, length)
}

const { open, writeFile } = fs.promises
fs.promises.open = async (...args) => {
  if (/[wa+]/.test(String(args[1]))) check(String(args[0]), 'open')
  const handle = await open(...args)
  const { write } = handle
  handle.write = (async (...rest: [never]) => {
    if (failure) check(pathOf(handle.fd), 'write')
    return write.apply(handle, rest)
  }) as typeof write
  return handle
}
fs.promises.writeFile = async (...args) => {
  check(String(args[0]), 'open')
  await writeFile(...args)
}
