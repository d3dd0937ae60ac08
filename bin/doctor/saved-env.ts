import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import type { Dict } from 'koishi'
import type { Env } from '../instance/env'
import { entriesOf } from '../instance/settings/entries'
import type { Entry } from '../instance/settings/entries'
import { valueAt } from '../instance/settings/overlay'
import { TARGETS } from '../instance/settings/variables'

/** Where the console saves. */
const FILE = 'data/koishi.yml'

/**
 * The settings saved from the console, by the names of the variables that stand for them. Plugins that are switched off
 * do not count. Empty if there is no file yet, or it cannot be read.
 */
export function savedEnv(): Env {
  const env: Env = {}
  for (const { name, isOn, config } of savedEntries()) {
    for (const [variable, { plugin, path }] of TARGETS) {
      const value = valueAt(config, path)
      if (!isOn || plugin !== name || env[variable] !== undefined || value === undefined || value === '') continue
      env[variable] = Array.isArray(value) ? value.join(',') : String(value)
    }
  }
  return env
}

/** The saved settings of a plugin, of each of its entries that is switched on. */
export function savedSettings(plugin: string): Dict[] {
  return savedEntries().filter(({ name, isOn }) => isOn && name === plugin).map(({ config }) => config)
}

function savedEntries(): Entry[] {
  try {
    const { plugins = {} } = load(readFileSync(FILE, 'utf8')) as { plugins?: Dict }
    return [...entriesOf(plugins)]
  } catch {
    return []
  }
}
