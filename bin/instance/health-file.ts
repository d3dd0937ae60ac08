import { rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import type { Context, Dict } from 'koishi'

/** What `bin/health.mjs` needs to know about the running instance. */
export interface HealthRecord {
  /** Address of the server on this machine. */
  origin: string
  /** Path of WeCom's callback; missing if WeCom is off. */
  callback?: string
  /** Names of the adapters that are running. */
  platforms: string[]
}

/** A plugin may be reloaded several times within this time. */
const WRITE_DELAY_MS = 500

/** @param running the settings of the running plugins by name */
export function healthOf(running: Dict<Dict>): HealthRecord {
  const { host = '127.0.0.1', port } = running.server ?? {}
  const address = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host as string] ?? host as string
  return {
    origin: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    callback: running['adapter-wecom-bot'] && (running['adapter-wecom-bot'].path ?? '/api/wecom/callback'),
    platforms: Object.keys(running).filter(name => name.startsWith('adapter-')),
  }
}

/** Keeps the file up to date while plugins come and go, and removes it at the end. */
export function keepHealthFile(app: Context, file: string, running: () => Dict<Dict>): void {
  const write = () => void writeFile(file, JSON.stringify(healthOf(running()))).catch(() => {
    // Without the file, the health check goes by the environment variables.
  })
  write()
  const later = app.debounce(write, WRITE_DELAY_MS)
  app.on('internal/fork', later)
  app.on('internal/update', later)
  app.on('internal/status', later)
  process.once('exit', () => rmSync(file, { force: true }))
}
