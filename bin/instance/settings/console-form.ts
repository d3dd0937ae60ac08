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

/** A copy of a form in which the settings of variables need not be filled in. */
export function withoutRequired(schema: Schema, paths: string[]): Schema {
  const copy = new Schema(JSON.parse(JSON.stringify(schema)) as Schema)
  for (const path of paths) optional(copy, path.split('.'))
  return copy
}

/**
 * The console only saves a form without missing values. What comes from a variable is not in the form, so it must not
 * be required there.
 * @param overridesOf the variables for a plugin
 */
export function relaxForms(
  { prototype }: PackageProviderClass,
  overridesOf: (plugin: string) => Override[],
): void {
  const { parseExports } = prototype
  prototype.parseExports = async function(name) {
    const data = await parseExports.call(this, name)
    const paths = overridesOf(name).map(override => override.path)
    return data.schema && paths.length ? { ...data, schema: withoutRequired(data.schema, paths) } : data
  }
}
