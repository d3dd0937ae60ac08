import { readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** Maximum size of all log files together. Koishi itself only limits their age. */
export const MAX_LOG_BYTES = 64 << 20

interface LogFile {
  path: string
  size: number
  modifiedAt: number
}

/**
 * Removes the oldest log files until the remaining ones fit.
 * @returns the number of removed files
 */
export async function sweepLogFiles(folder: string, maxBytes = MAX_LOG_BYTES): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  const files: LogFile[] = []
  for (const name of names.filter(name => /^\d{4}-\d{2}-\d{2}-\d+\.log$/.test(name))) {
    const path = join(folder, name)
    const info = await stat(path).catch(() => undefined)
    if (info) files.push({ path, size: info.size, modifiedAt: info.mtimeMs })
  }
  files.sort((one, other) => other.modifiedAt - one.modifiedAt)
  let total = 0
  let removed = 0
  for (const { path, size } of files) {
    total += size
    if (total <= maxBytes) continue
    await unlink(path).then(() => removed++, () => {})
  }
  return removed
}
