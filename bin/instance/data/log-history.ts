import { writeFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Logger } from 'koishi'

const storageErrors = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'])

/** Time between two attempts to write to the folder. */
const RETRY_MS = 10_000
/** More than one block, because a full disk may still accept a few bytes. */
const PROBE = Buffer.alloc(64 << 10)

/** Whether an error means that files of a folder cannot be written. Errors of open files contain no path. */
export function isStorageError(error: unknown, folder: string): boolean {
  const { code = '', path } = (error ?? {}) as NodeJS.ErrnoException
  return storageErrors.has(code) || !!path?.startsWith(folder)
}

export interface LogHistoryOptions {
  folder: string
  /** Restarts the plugin that writes log files, so that it opens a new file. */
  reload(): void
  /** Prints a message without the log. */
  print(zh: string, en: string): void
}

/**
 * Pauses writing log files while the disk is full, and resumes afterwards. The plugin that writes them does not recover
 * by itself: it keeps unwritten records in memory and fails again for each new one.
 */
export class LogHistory {
  private timer?: NodeJS.Timeout
  /** The plugin rejects with it again when it closes the file. */
  private lastError?: unknown

  constructor(private readonly options: LogHistoryOptions) {}

  get isPaused(): boolean {
    return !!this.timer
  }

  pause(error: unknown) {
    if (this.timer || error === this.lastError) return
    this.lastError = error
    const { code } = error as NodeJS.ErrnoException
    const targets = Logger.targets.filter(target => target.record)
    for (const target of targets) Logger.targets.splice(Logger.targets.indexOf(target), 1)
    this.options.print(
      `无法写入日志文件（${code}），暂停写入 ${this.options.folder}，每 ${RETRY_MS / 1000} 秒重试；请检查磁盘空间。`,
      `cannot write log files (${code}): paused in ${this.options.folder}, retrying every ${RETRY_MS / 1000} s; `
      + 'check the disk space.')
    this.timer = setInterval(() => void this.probe(), RETRY_MS)
    this.timer.unref()
  }

  stop() {
    clearInterval(this.timer)
    this.timer = undefined
  }

  private async probe() {
    const file = join(this.options.folder, '.probe')
    try {
      await writeFile(file, PROBE, { flush: true })
    } catch {
      return
    } finally {
      await unlink(file).catch(() => {})
    }
    if (!this.timer) return
    this.stop()
    this.options.reload()
    this.options.print('日志文件恢复写入。', 'log files can be written again.')
  }
}
