import { Schema } from 'koishi'
import type { Dict } from 'koishi'
import type { Override } from './overlay'

interface RuntimeData {
  schema?: Schema
}

/** The class of the console plugin that describes the installed packages to the settings pages. */
export interface PackageProviderClass {
  prototype: { parseExports(name: string): Promise<RuntimeData> }
}

function optional(schema: Schema | undefined, path: string[]): void {
  for (const part of schema?.list ?? []) optional(part, path)
  const [name, ...rest] = path
  const field = (schema?.dict as Dict<Schema> | undefined)?.[name]
  if (!field) return
  if (rest.length) optional(field, rest)
  else field.meta = { ...field.meta, required: false }
}

/** The part of a group's options that decides whether the console shows it, see `packages/common`. */
interface GroupOptions {
  shownIf?: { setting: string, isSet?: true }
  /** The value of the setting if it comes from a variable; of a secret only that it is set. */
  variable?: unknown
}

/** Lets groups that depend on the setting of a variable go by its value. */
function decideGroups(schema: Schema, overrides: Override[]): void {
  for (const part of schema.list ?? []) {
    const options = part.meta.extra as GroupOptions | undefined
    const override = overrides.find(({ path }) => path === options?.shownIf?.setting)
    if (!override) continue
    const variable = options!.shownIf!.isSet || override.value
    part.meta = { ...part.meta, extra: { ...options, variable } }
  }
}

/** A copy of a form in which the settings of variables need not be filled in. */
export function withoutRequired(schema: Schema, paths: string[]): Schema {
  const copy = new Schema(JSON.parse(JSON.stringify(schema)) as Schema)
  for (const path of paths) optional(copy, path.split('.'))
  return copy
}

/** A copy of a form for a plugin whose settings partly come from variables. */
export function adaptForm(schema: Schema, overrides: Override[]): Schema {
  const copy = withoutRequired(schema, overrides.map(({ path }) => path))
  decideGroups(copy, overrides)
  return copy
}

/**
 * The console only saves a form without missing values. What comes from a variable is not in the form, so it must not
 * be required there, and groups that depend on it cannot see it.
 * @param overridesOf the variables for a plugin
 */
export function relaxForms(
  { prototype }: PackageProviderClass,
  overridesOf: (plugin: string) => Override[],
): void {
  const { parseExports } = prototype
  prototype.parseExports = async function(name) {
    const data = await parseExports.call(this, name)
    const overrides = overridesOf(name)
    return data.schema && overrides.length ? { ...data, schema: adaptForm(data.schema, overrides) } : data
  }
}
