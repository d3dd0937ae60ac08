import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import type { Dict } from 'koishi'
import type { Env } from '../instance/env'
import { entriesOf } from '../instance/settings/entries'
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
  let plugins: Dict
  try {
    plugins = (load(readFileSync(FILE, 'utf8')) as { plugins?: Dict }).plugins ?? {}
  } catch {
    return env
  }
  for (const { name, isOn, config } of entriesOf(plugins)) {
    for (const [variable, { plugin, path }] of TARGETS) {
      const value = valueAt(config, path)
      if (!isOn || plugin !== name || env[variable] !== undefined || value === undefined || value === '') continue
      env[variable] = Array.isArray(value) ? value.join(',') : String(value)
    }
  }
  return env
}
