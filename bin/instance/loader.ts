import { resolve } from 'node:path'
import { Context, Loader } from 'koishi'
import type { Dict, EffectScope, ForkScope } from 'koishi'
import { withoutBlank } from './env'
import type { Variable } from './env'
import { relaxForms } from './settings/console-form'
import type { PackageProviderClass } from './settings/console-form'
import { showVariables } from './settings/console-notes'
import { entriesOf } from './settings/entries'
import type { MergeChange } from './settings/merge'
import { Overlay, valueAt } from './settings/overlay'
import { prepareSettings, replaceFile } from './settings/saved-file'
import { Switches } from './settings/switches'
import { TARGETS } from './settings/variables'

const SQLITE_DRIVERS = new Set(['database-sqlite', 'database-node-sqlite'])
/** The default of these drivers. */
const DEFAULT_DATABASE = 'data/koishi.db'

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
 * not running, and disposes all of them on `close`. Environment variables take precedence over settings when a plugin
 * is started, and are not saved.
 */
export class InstanceLoader extends Loader {
  private overlay = new Overlay({})
  private switches?: Switches
  private closed = false
  /** A save that has not begun. */
  private pending?: Promise<void>
  /** The last save. */
  private writing: Promise<void> = Promise.resolve()
  private isSilent = true
  private errors = new Map<string, unknown>()
  private hasRelaxedForms = false
  private showVariables?: (fork: EffectScope) => void
  private tasks = new Set<Promise<unknown>>()

  constructor(private restart: () => void) {
    super()
  }

  /**
   * Moves to the settings that the console saves: `koishi.yml` in the data folder.
   * @throws {SettingsError}
   */
  async useSavedSettings(folder: string): Promise<MergeChange[]> {
    if (this.mime !== 'application/yaml') return []
    const { file, changes } = await prepareSettings(this.filename, folder)
    this.filename = file
    this.writable = true
    return changes
  }

  override async readConfig(initial = false) {
    this.switches = undefined
    await super.readConfig(initial)
    // A byte order mark at the beginning of .env becomes part of the first name.
    for (const name of this.localKeys.filter(name => name.startsWith('\ufeff'))) {
      process.env[name.slice(1)] ??= process.env[name]
      delete process.env[name]
    }
    const env = withoutBlank(process.env)
    const plugins = this.config.plugins ??= {}
    this.overlay = new Overlay(env)
    this.overlay.locate(plugins)
    this.switches = new Switches(plugins, env, this.overlay)
    this.config.plugins = this.switches.apply(plugins)
    // Conditions such as that of the console depend on the address that is really used.
    this.params = { env: { ...env, HOST: this.settingsOf('server').host } }
    return new Context.Config(this.interpolate(this.config))
  }

  /** The settings that the first entry of a plugin is started with; empty if there is none. */
  settingsOf(name: string): Dict {
    for (const entry of entriesOf(this.config.plugins ?? {})) {
      if (entry.name === name) return this.interpolate(this.overlay.apply(entry.key, entry.config))
    }
    return {}
  }

  /** The SQLite files of the enabled drivers. */
  databaseFiles(): string[] {
    return [...entriesOf(this.config.plugins ?? {})].flatMap(({ isOn, name }) => {
      if (!isOn || !SQLITE_DRIVERS.has(name)) return []
      const { path = DEFAULT_DATABASE } = this.settingsOf(name)
      return path === ':memory:' ? [] : resolve(this.baseDir, path)
    })
  }

  /** What the saved settings have for a variable that may not be set. */
  savedValueOf(variable: Variable): unknown {
    const { plugin, path } = TARGETS.get(variable) ?? { plugin: '', path: '' }
    for (const { name, config } of entriesOf(this.config.plugins ?? {})) {
      if (name === plugin) return valueAt(config, path)
    }
  }

  override async import(name: string) {
    const exports = await super.import(name)
    if (name === 'config' && exports && !this.hasRelaxedForms) {
      this.hasRelaxedForms = true
      const { PackageProvider } = exports as { PackageProvider: PackageProviderClass }
      relaxForms(PackageProvider, plugin => this.overlay.ofPlugin(plugin))
    }
    return exports
  }

  override async createApp() {
    const app = await super.createApp()
    this.keepVariablesOut(app)
    this.showVariables = showVariables(app, () => this.entries().flatMap(({ fork }) => fork ?? []), (fork) => {
      const key = fork.parent && this.getRefName(fork as ForkScope)
      return key ? this.overlay.of(key) : []
    })
    return app
  }

  /** A plugin may change its own settings, which the loader saves: without what comes from variables. */
  private keepVariablesOut(app: Context) {
    let saved: Dict | undefined
    const find = (fork: ForkScope) => {
      const key = this.getRefName(fork)
      return key === undefined ? undefined : { key, siblings: fork.parent.scope.config as Dict<Dict> }
    }
    app.on('internal/before-update', (fork) => {
      const entry = find(fork)
      saved = entry?.siblings[entry.key]
    }, { prepend: true })
    app.on('internal/before-update', (fork) => {
      const entry = find(fork)
      if (!entry || !saved || entry.siblings[entry.key] === saved) return
      entry.siblings[entry.key] = this.overlay.remove(entry.key, entry.siblings[entry.key], saved)
    })
  }

  override reload(parent: Context, key: string, source: Dict) {
    const isGroup = key.startsWith('group:')
    const settings = isGroup ? source : this.interpolate(this.overlay.apply(key, source ?? {}))
    const task = super.reload(parent, key, settings).catch((error) => {
      this.errors.set(key, error)
      return undefined
    })
    this.tasks.add(task)
    void task.then(fork => fork && this.showVariables?.(fork)).finally(() => this.tasks.delete(task))
    return task as Promise<ForkScope>
  }

  /** Saves soon, once for several changes. What variables switch is saved as it was before. */
  override async writeConfig(silent = false) {
    if (this.closed) return
    this.isSilent &&= silent
    this.pending ??= this.writing = this.writing.catch(() => {})
      .then(() => new Promise(resolve => setImmediate(resolve)))
      .then(() => this.save())
    await this.pending
  }

  private async save() {
    const isSilent = this.isSilent
    this.isSilent = true
    this.pending = undefined
    if (!this.writable) throw new Error('cannot overwrite readonly config')
    this.suspend = true
    const plugins = this.config.plugins ?? {}
    await replaceFile(this.filename, { ...this.config, plugins: this.switches?.revert(plugins) ?? plugins })
    if (!isSilent) this.app.emit('config')
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

  /** Stops a plugin and starts it again with its settings. */
  restartPlugin(name: string) {
    for (const { fork } of this.entries().filter(entry => entry.name === name)) {
      // Koishi runs a plugin that can be loaded once by its runtime: to restart its fork would do nothing.
      if (fork) (fork.runtime.isForkable ? fork : fork.runtime).restart()
    }
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
    await this.writing.catch(() => {})
    for (const { fork } of this.entries().reverse()) fork?.dispose()
    this.entry.scope.dispose()
    await this.app.stop()
  }
}
