import { Loader } from 'koishi'
import type { Context, Dict, EffectScope, ForkScope } from 'koishi'

/** One plugin of koishi.yml that is not running, and why. */
export interface Failure {
  name: string
  reason: 'unresolved' | 'waiting' | 'error'
  detail: string
}

interface Entry {
  key: string
  name: string
  fork?: ForkScope
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0]
}

/**
 * Koishi's loader, with a memory. The stock one logs a plugin that fails and goes on; this one knows
 * afterwards which entries of koishi.yml do not run.
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

  /** Starts the app and waits until every plugin is applied and every `ready` is done, but not for ever. */
  async start(timeout: number) {
    let timer: NodeJS.Timeout
    const late = new Promise<void>((resolve) => { timer = setTimeout(resolve, timeout) })
    await Promise.race([late, this.settle()]).finally(() => clearTimeout(timer))
  }

  private async settle() {
    await this.app.start()
    while (this.tasks.size) {
      await Promise.all(this.tasks)
      await this.app.lifecycle.flush()
    }
  }

  /** The plugins koishi.yml asks for, groups opened, in the order of the file. */
  entries(): Entry[] {
    return this.collect(this.config.plugins ?? {}, this.entry.scope)
  }

  private collect(config: Dict, scope: EffectScope): Entry[] {
    const record = scope[Loader.kRecord] ?? {}
    return Object.keys(config).flatMap((key) => {
      if (/^[~$]/.test(key) || !this.isTruthyLike(config[key]?.$if)) return []
      const name = key.split(':', 1)[0]
      const fork = record[key]
      return name === 'group' && fork ? this.collect(config[key] ?? {}, fork) : [{ key, name, fork }]
    })
  }

  /** What should run by now and does not. */
  failures(): Failure[] {
    const broken = this.brokenScopes()
    return this.entries().flatMap(({ key, name, fork }): Failure[] => {
      if (!fork) {
        const error = this.errors.get(key)
        return [error
          ? { name, reason: 'error', detail: messageOf(error) }
          : { name, reason: 'unresolved', detail: '' }]
      }
      const error = fork.error ?? fork.runtime.error ?? broken.get(fork.key!)
      if (error) return [{ name, reason: 'error', detail: messageOf(error) }]
      const missing = Object.entries(fork.runtime.inject)
        .filter(([service, { required }]) => required && fork.ctx.get(service) == null)
        .map(([service]) => service)
      return missing.length ? [{ name, reason: 'waiting', detail: missing.join(', ') }] : []
    })
  }

  /** Errors of plugins inside plugins and of `ready` listeners, by the ident of the entry they belong to. */
  private brokenScopes() {
    const result = new Map<string, unknown>()
    for (const runtime of this.app.registry.values()) {
      for (const scope of [runtime, ...runtime.children]) {
        if (!scope.error) continue
        for (const ident of this.paths(scope)) result.set(ident, scope.error)
      }
    }
    return result
  }

  /** Ends every plugin, the last one first, so that adapters go while the services they use are still there. */
  async close() {
    // Disposing a plugin marks it `~` in koishi.yml, which is not meant for the end of the process. What the
    // console saved a moment ago is written a tick later, and has to be written before.
    this.closed = true
    await this.writing?.catch(() => {})
    for (const { fork } of this.entries().reverse()) fork?.dispose()
    this.entry.scope.dispose()
    await this.app.stop()
  }
}
