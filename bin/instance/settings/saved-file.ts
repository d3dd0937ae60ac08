import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dump, load } from 'js-yaml'
import { interpolate } from 'koishi'
import type { Dict } from 'koishi'
import { entriesOf, withIdents } from './entries'
import { mergeSettings } from './merge'
import type { MergeChange } from './merge'
import { TARGETS } from './variables'

/** The settings as the console saves them, in the data folder. */
export const SAVED_FILE = 'koishi.yml'
/** A copy of the koishi.yml that the saved settings were last merged with. */
const PREVIOUS_FILE = 'koishi.previous.yml'

/** The YAML file is malformed. `message` is one line and names the file. */
export class SettingsError extends Error {
  override name = 'SettingsError'
}

/**
 * Reads a configuration. Expressions that earlier versions had for the variables are replaced by their defaults: the
 * console cannot save them, and the variables are applied anyway.
 * @throws {SettingsError}
 */
async function readSettings(file: string): Promise<Dict> {
  const config = parse(await readFile(file, 'utf8'), file)
  const plugins = withIdents(config.plugins ?? {})
  for (const { name, config: settings } of entriesOf(plugins)) {
    if (/env\.PLATFORM/.test(settings.$if)) delete settings.$if
    for (const { plugin, path } of TARGETS.values()) {
      if (plugin === name) replaceExpression(settings, path.split('.'))
    }
  }
  return { ...config, plugins }
}

function parse(text: string, file: string): Dict {
  try {
    const config = load(text)
    if (typeof config === 'object' && config !== null) return config as Dict
  } catch (error) {
    throw new SettingsError(`${file}: ${(error as Error).message.split('\n', 1)[0]}`)
  }
  throw new SettingsError(`${file}: not a configuration`)
}

function replaceExpression(settings: Dict | undefined, [name, ...rest]: string[]) {
  if (!settings || typeof settings !== 'object') return
  if (rest.length) return replaceExpression(settings[name], rest)
  const value: unknown = settings[name]
  if (typeof value !== 'string' || !/\$\{\{.*\benv\b.*\}\}/.test(value)) return
  const result: unknown = interpolate(value, { env: {} }, /\$\{\{(.+?)\}\}/g)
  if (result === undefined || result === '') delete settings[name]
  else settings[name] = result
}

/** Replaces a file at once, so that a crash leaves either the old or the new one. */
export async function replaceFile(file: string, config: Dict): Promise<void> {
  await writeFile(`${file}.tmp`, dump(config))
  await rename(`${file}.tmp`, file)
}

async function readIfExists(file: string): Promise<Dict | undefined> {
  try {
    return await readSettings(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

export interface Prepared {
  /** The file to load. */
  file: string
  /** What the merge has changed. */
  changes: MergeChange[]
}

/**
 * Prepares the settings that the console saves: a copy of koishi.yml at the first start; later, what has changed in
 * koishi.yml since is merged into it, e.g. the plugins of a newer version.
 * @param source koishi.yml
 * @param folder the data folder
 * @throws {SettingsError} if a file is malformed
 */
export async function prepareSettings(source: string, folder: string): Promise<Prepared> {
  const [file, previousFile] = [join(folder, SAVED_FILE), join(folder, PREVIOUS_FILE)]
  const current = await readSettings(source)
  const saved = await readIfExists(file)
  const changes: MergeChange[] = []
  const previous = await readIfExists(previousFile) ?? {}
  await replaceFile(file, saved ? mergeSettings(saved, previous, current, changes) : current)
  await replaceFile(previousFile, current)
  return { file, changes }
}
