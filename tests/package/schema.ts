import type { Dict, Schema } from 'koishi'
import { Config as adapter } from '../../plugins/adapter-wecom-bot/src/config'
import adapterEN from '../../plugins/adapter-wecom-bot/src/locales/en-US.yml'
import adapterZH from '../../plugins/adapter-wecom-bot/src/locales/zh-CN.yml'
import { Config as companion } from '../../plugins/dingtalk-companion/src/config'
import companionEN from '../../plugins/dingtalk-companion/src/locales/en-US.yml'
import companionZH from '../../plugins/dingtalk-companion/src/locales/zh-CN.yml'
import { Config as chat } from '../../plugins/gemini-chat/src/config'
import chatEN from '../../plugins/gemini-chat/src/locales/en-US.yml'
import chatZH from '../../plugins/gemini-chat/src/locales/zh-CN.yml'
import { Config as operators } from '../../plugins/operators/src/config'
import operatorsEN from '../../plugins/operators/src/locales/en-US.yml'
import operatorsZH from '../../plugins/operators/src/locales/zh-CN.yml'

/** The settings of the plugins of this repository, by name in koishi.yml. */
export const schemas: Dict<Schema> = {
  'adapter-wecom-bot': adapter, 'dingtalk-companion': companion, 'gemini-chat': chat, operators,
}

export const locales = ['zh-CN', 'en-US'] as const

export type Locale = typeof locales[number]

export type Texts = string | Texts[] | { [key: string]: Texts }

/** What the plugins' locale files say about their settings. */
export const texts: Dict<Record<Locale, Texts>> = {
  'adapter-wecom-bot': { 'zh-CN': adapterZH._config, 'en-US': adapterEN._config },
  'dingtalk-companion': { 'zh-CN': companionZH._config, 'en-US': companionEN._config },
  'gemini-chat': { 'zh-CN': chatZH._config, 'en-US': chatEN._config },
  operators: { 'zh-CN': operatorsZH._config, 'en-US': operatorsEN._config },
}

/** A place in a settings page that shows a text of its own. */
export interface Entry {
  kind: 'group' | 'setting' | 'choice' | 'column'
  /** As one would write it in code, e.g. `cardButtons[].text`, `storage=memory`. */
  path: string
  schema: Schema
}

/** What is in a setting: the items of a list, the fields of a form, the choices of a union. */
function* walkInside(schema: Schema, path: string): Iterable<Entry> {
  for (const [key, inner] of Object.entries(schema.dict ?? {})) {
    yield* walk(inner, path ? `${path}.${key}` : key)
  }
  for (const [index, inner] of (schema.list ?? []).entries()) {
    if (schema.type === 'union') {
      yield { kind: 'choice', path: `${path}=${inner.type === 'const' ? inner.value : index}`, schema: inner }
      yield* walkInside(inner, path)
    } else {
      yield { kind: 'group', path: `${path}#${index}`, schema: inner }
      yield* walkInside(inner, path)
    }
  }
  if (!schema.inner) return
  // A table of plain values has their text at the head of the column; a table of forms has a column for each field.
  if (schema.type === 'dict' && schema.meta.role === 'table') {
    yield { kind: 'column', path: `${path}.*`, schema: schema.sKey! }
    if (!schema.inner.dict) yield { kind: 'column', path: `${path}[]`, schema: schema.inner }
  }
  yield* walkInside(schema.inner, `${path}[]`)
}

function* walk(schema: Schema, path: string): Iterable<Entry> {
  // A form in a form has no row of its own, only its fields have.
  if (schema.type !== 'object') yield { kind: 'setting', path, schema }
  yield* walkInside(schema, path)
}

/** Everything that a settings page shows for this schema, in its order, what appears after a click included. */
export function entries(schema: Schema): Entry[] {
  return [...walkInside(schema, '')]
}

export function textOf({ schema }: Entry, locale: string): string | undefined {
  return (schema.meta.description as Dict<string> | undefined)?.[locale]
}

/** Every part of a schema with its path, texts or not. */
export function* parts(schema: Schema, path = ''): Iterable<[string, Schema]> {
  yield [path, schema]
  for (const [key, inner] of Object.entries(schema.dict ?? {})) yield* parts(inner, path ? `${path}.${key}` : key)
  for (const inner of schema.list ?? []) yield* parts(inner, path)
  if (schema.inner) yield* parts(schema.inner, `${path}[]`)
  if (schema.sKey) yield* parts(schema.sKey, `${path}.*`)
}
