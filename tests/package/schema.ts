import type { Dict, Schema } from 'koishi'
import { Config as activity } from '../../plugins/activity-log/src/config'
import activityEN from '../../plugins/activity-log/src/locales/en-US.yml'
import activityZH from '../../plugins/activity-log/src/locales/zh-CN.yml'
import { Config as mcp } from '../../plugins/assistant-mcp/src/config'
import mcpEN from '../../plugins/assistant-mcp/src/locales/en-US.yml'
import mcpZH from '../../plugins/assistant-mcp/src/locales/zh-CN.yml'
import { Config as adapter } from '../../plugins/adapter-wecom-bot/src/config'
import adapterEN from '../../plugins/adapter-wecom-bot/src/locales/en-US.yml'
import adapterZH from '../../plugins/adapter-wecom-bot/src/locales/zh-CN.yml'
import { Config as nodeSqlite } from '../../plugins/database-node-sqlite/src/config'
import nodeSqliteEN from '../../plugins/database-node-sqlite/src/locales/en-US.yml'
import nodeSqliteZH from '../../plugins/database-node-sqlite/src/locales/zh-CN.yml'
import { Config as companion } from '../../plugins/dingtalk-companion/src/config'
import companionEN from '../../plugins/dingtalk-companion/src/locales/en-US.yml'
import companionZH from '../../plugins/dingtalk-companion/src/locales/zh-CN.yml'
import { Config as assistantStatus } from '../../plugins/assistant-status/src/config'
import assistantStatusEN from '../../plugins/assistant-status/src/locales/en-US.yml'
import assistantStatusZH from '../../plugins/assistant-status/src/locales/zh-CN.yml'
import { Config as chat } from '../../plugins/gemini-chat/src/config'
import chatEN from '../../plugins/gemini-chat/src/locales/en-US.yml'
import chatZH from '../../plugins/gemini-chat/src/locales/zh-CN.yml'
import { Config as operators } from '../../plugins/operators/src/config'
import operatorsEN from '../../plugins/operators/src/locales/en-US.yml'
import operatorsZH from '../../plugins/operators/src/locales/zh-CN.yml'
import { Config as sharedState } from '../../plugins/shared-state/src/config'
import sharedStateEN from '../../plugins/shared-state/src/locales/en-US.yml'
import sharedStateZH from '../../plugins/shared-state/src/locales/zh-CN.yml'

/** The settings of the plugins of this repository, by name in koishi.yml. */
export const schemas: Dict<Schema> = {
  'adapter-wecom-bot': adapter, 'dingtalk-companion': companion, 'gemini-chat': chat, operators, 'activity-log': activity,
  'assistant-mcp': mcp, 'shared-state': sharedState, 'assistant-status': assistantStatus,
  'database-node-sqlite': nodeSqlite,
}

export const locales = ['zh-CN', 'en-US'] as const

export type Locale = typeof locales[number]

export type Texts = string | Texts[] | { [key: string]: Texts }

/** The texts about settings in the plugins' locale files. */
export const texts: Dict<Record<Locale, Texts>> = {
  'adapter-wecom-bot': { 'zh-CN': adapterZH._config, 'en-US': adapterEN._config },
  'dingtalk-companion': { 'zh-CN': companionZH._config, 'en-US': companionEN._config },
  'gemini-chat': { 'zh-CN': chatZH._config, 'en-US': chatEN._config },
  'database-node-sqlite': { 'zh-CN': nodeSqliteZH._config, 'en-US': nodeSqliteEN._config },
  'activity-log': { 'zh-CN': activityZH._config, 'en-US': activityEN._config },
  'assistant-mcp': { 'zh-CN': mcpZH._config, 'en-US': mcpEN._config },
  'shared-state': { 'zh-CN': sharedStateZH._config, 'en-US': sharedStateEN._config },
  'assistant-status': { 'zh-CN': assistantStatusZH._config, 'en-US': assistantStatusEN._config },
  operators: { 'zh-CN': operatorsZH._config, 'en-US': operatorsEN._config },
}

/** An element of a settings page with a text. */
export interface Entry {
  kind: 'group' | 'setting' | 'choice' | 'column'
  /** The path in code notation, e.g. `cardButtons[].text`, `storage=memory`. */
  path: string
  schema: Schema
}

/** The content of a setting: the items of a list, the fields of a form, the choices of a union. */
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
  // A table of plain values has one column with their text; a table of forms has a column per field.
  if (schema.type === 'dict' && schema.meta.role === 'table') {
    yield { kind: 'column', path: `${path}.*`, schema: schema.sKey! }
    if (!schema.inner.dict) yield { kind: 'column', path: `${path}[]`, schema: schema.inner }
  }
  yield* walkInside(schema.inner, `${path}[]`)
}

function* walk(schema: Schema, path: string): Iterable<Entry> {
  // A nested form has no row, only its fields have.
  if (schema.type !== 'object') yield { kind: 'setting', path, schema }
  yield* walkInside(schema, path)
}

/** All elements that a settings page shows for a schema, in order, including those that appear after a click. */
export function entries(schema: Schema): Entry[] {
  // A schema that is not divided into groups is one group, if it has a title.
  const title: Entry[] = schema.meta.description ? [{ kind: 'group', path: '', schema }] : []
  return [...title, ...walkInside(schema, '')]
}

export function textOf({ schema }: Entry, locale: string): string | undefined {
  return (schema.meta.description as Dict<string> | undefined)?.[locale]
}

/** Every part of a schema with its path, with or without a text. */
export function* parts(schema: Schema, path = ''): Iterable<[string, Schema]> {
  yield [path, schema]
  for (const [key, inner] of Object.entries(schema.dict ?? {})) yield* parts(inner, path ? `${path}.${key}` : key)
  for (const inner of schema.list ?? []) yield* parts(inner, path)
  if (schema.inner) yield* parts(schema.inner, `${path}[]`)
  if (schema.sKey) yield* parts(schema.sKey, `${path}.*`)
}
