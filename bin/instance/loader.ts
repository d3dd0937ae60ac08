import { Loader } from 'koishi'
import type { Context, Dict, EffectScope, ForkScope } from 'koishi'

/** A plugin of koishi.yml that is not running, and why. */
export interface PluginFailure {
  name: string
  reason: 'unresolved' | 'waiting' | 'error'
  detail: string
}

interface PluginEntry {
  key: string
  name: string
  fork?: ForkScope
}

/** The first line of an error's message. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0]
}

/**
 * Koishi's loader only logs a plugin that fails and continues. This one also reports which entries of koishi.yml are
 * not running, and disposes all of them on `close`.
 */
export class InstanceLoader extends Loader {
  private closed = false
  private writing?: Promise<void>
  private errors = new Map<string, unknown>()
  private tasks = new Set<Promise<unknown>>()

  constructor(private restart: () => void) {
    super()
  }

  override reload(parent: Context, key: string, source: unknown) {
    const task = super.reload(parent, key, source).catch((error) => {
      this.errors.set(key, error)
      return undefined
    })
    this.tasks.add(task)
    void task.finally(() => this.tasks.delete(task))
    return task as Promise<ForkScope>
  }

  override async writeConfig(silent?: boolean) {
    if (!this.closed) await (this.writing = super.writeConfig(silent))
  }

  override fullReload(code?: number) {
    if (this.closed) return
    if (code !== undefined && code !== Loader.exitCode) return super.fullReload(code)
    process.send?.({ type: 'shared', body: JSON.stringify(this.envData) })
    this.restart()
  }

  /** Starts the app and waits for all plugins and their `ready` listeners, at most `timeout` milliseconds. */
  async start(timeout: number) {
    let timer: NodeJS.Timeout
    const timedOut = new Promise<void>((resolve) => { timer = setTimeout(resolve, timeout) })
    await Promise.race([timedOut, this.waitForPlugins()]).finally(() => clearTimeout(timer))
  }

  private async waitForPlugins() {
    await this.app.start()
    while (this.tasks.size) {
      await Promise.all(this.tasks)
      await this.app.lifecycle.flush()
    }
  }

  /** The enabled plugins of koishi.yml, including those in groups, in the order of the file. */
  entries(): PluginEntry[] {
    return this.collect(this.config.plugins ?? {}, this.entry.scope)
  }

  private collect(config: Dict, scope: EffectScope): PluginEntry[] {
    const record = scope[Loader.kRecord] ?? {}
    return Object.keys(config).flatMap((key) => {
      if (/^[~$]/.test(key) || !this.isTruthyLike(config[key]?.$if)) return []
      const name = key.split(':', 1)[0]
      const fork = record[key]
      return name === 'group' && fork ? this.collect(config[key] ?? {}, fork) : [{ key, name, fork }]
    })
  }

  /** The enabled plugins that are not running. */
  failures(): PluginFailure[] {
    const scopeErrors = this.scopeErrors()
    return this.entries().flatMap(({ key, name, fork }): PluginFailure[] => {
      if (!fork) {
        const error = this.errors.get(key)
        return [error
          ? { name, reason: 'error', detail: firstLine(error) }
          : { name, reason: 'unresolved', detail: '' }]
      }
      const error = fork.error ?? fork.runtime.error ?? scopeErrors.get(fork.key!)
      if (error) return [{ name, reason: 'error', detail: firstLine(error) }]
      const missing = Object.entries(fork.runtime.inject)
        .filter(([service, { required }]) => required && fork.ctx.get(service) == null)
        .map(([service]) => service)
      return missing.length ? [{ name, reason: 'waiting', detail: missing.join(', ') }] : []
    })
  }

  /** Errors of nested plugins and of `ready` listeners, by the ident of their entry in koishi.yml. */
  private scopeErrors() {
    const result = new Map<string, unknown>()
    for (const runtime of this.app.registry.values()) {
      for (const scope of [runtime, ...runtime.children]) {
        if (!scope.error) continue
        for (const ident of this.paths(scope)) result.set(ident, scope.error)
      }
    }
    return result
  }

  /** Disposes all plugins in reverse order, so that adapters stop while the services they use still exist. */
  async close() {
    // Disposing a plugin would disable it in koishi.yml, so writing is turned off. A pending write, such as a setting
    // just saved in the console, is completed first.
    this.closed = true
    await this.writing?.catch(() => {})
    for (const { fork } of this.entries().reverse()) fork?.dispose()
    this.entry.scope.dispose()
    await this.app.stop()
  }
}
