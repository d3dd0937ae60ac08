import type { Dict } from 'koishi'
import type { Env, Variable } from '../env'
import { entriesOf, parseKey } from './entries'
import { TARGETS } from './variables'

/** A variable that is set, and the setting it takes precedence over. */
export interface Override {
  variable: Variable
  path: string
  value: unknown
}

export function valueAt(config: Dict, path: string): unknown {
  return path.split('.').reduce<unknown>((node, name) => (node as Dict | undefined)?.[name], config)
}

/** A copy in which the setting has this value; `undefined` removes it. */
function set(config: Dict, [name, ...rest]: string[], value: unknown): Dict {
  const inner = rest.length ? set(config[name] ?? {}, rest, value) : value
  const result = { ...config, [name]: inner }
  if (inner === undefined) delete result[name]
  return result
}

/**
 * The environment variables that take precedence over settings. They are applied whenever a plugin is started and are
 * never part of the configuration itself, so they are not saved.
 */
export class Overlay {
  private readonly overrides = new Map<string, Override[]>()
  /** The first entry of each plugin, which alone gets the variables. */
  private readonly idents = new Map<string, string>()

  /** @param env the environment without blank variables */
  constructor(env: Env) {
    for (const [variable, { plugin, path, read }] of TARGETS) {
      const text = env[variable]
      if (text === undefined) continue
      const list = this.overrides.get(plugin) ?? []
      list.push({ variable, path, value: read ? read(text) : text })
      this.overrides.set(plugin, list)
    }
  }

  /** Finds the entries that the variables belong to: the first of each plugin. */
  locate(plugins: Dict) {
    this.idents.clear()
    for (const { name, ident } of entriesOf(plugins)) {
      if (!this.idents.has(name)) this.idents.set(name, ident)
    }
  }

  /** Also the entry of a plugin that is being added. */
  isFirst(key: string): boolean {
    const { name, ident } = parseKey(key)
    return (this.idents.get(name) ?? ident) === ident
  }

  /** The variables for an entry of koishi.yml. */
  of(key: string): Override[] {
    return this.isFirst(key) ? this.overrides.get(parseKey(key).name) ?? [] : []
  }

  /** The variables for a plugin. */
  ofPlugin(name: string): Override[] {
    return this.overrides.get(name) ?? []
  }

  /** The settings to start an entry with. */
  apply(key: string, config: Dict): Dict {
    return this.of(key).reduce((result, { path, value }) => set(result, path.split('.'), value), config)
  }

  /** Puts back what the file has for every setting of a variable, in settings that a plugin has changed by itself. */
  remove(key: string, config: Dict, saved: Dict): Dict {
    return this.of(key).reduce((result, { path }) => set(result, path.split('.'), valueAt(saved, path)), config)
  }
}
