import type { Context, Dict, EffectScope, ForkScope } from 'koishi'
import type {} from '@koishijs/loader'
import type { PluginChange } from './actions'

interface Entry {
  parent: Context
  /** The settings of the group that the plugin is in, by key. */
  group: Dict
  fork?: ForkScope
}

/** Finds a plugin of koishi.yml by its key, such as `database-sqlite:store`; disabled ones have the prefix `~`. */
function find(ctx: Context, key: string): Entry {
  const { loader } = ctx
  const record = (loader.constructor as unknown as { kRecord: keyof EffectScope }).kRecord
  const search = (parent: Context): Entry | undefined => {
    const forks = parent.scope[record] as unknown as Dict<ForkScope>
    const group = parent.scope.config as Dict
    if (key in group || `~${key}` in group) return { parent, group, fork: forks[key] }
    for (const [name, fork] of Object.entries(forks)) {
      const found = name.startsWith('group:') ? search(fork.ctx) : undefined
      if (found) return found
    }
  }
  const found = search(loader.entry)
  if (!found) throw new Error(`koishi.yml has no plugin ${key}`)
  return found
}

/** Disposes a plugin as the console does. */
export function disposePlugin(ctx: Context, key: string) {
  ctx.loader.unload(find(ctx, key).parent, key)
}

/** Loads a plugin that was disposed. It keeps its place, as in the console: variables apply to the first entry. */
export async function restorePlugin(ctx: Context, key: string) {
  const { parent, group } = find(ctx, key)
  for (const [name, settings] of Object.entries(group)) {
    delete group[name]
    group[name === `~${key}` ? key : name] = settings
  }
  await ctx.loader.reload(parent, key, group[key])
}

/** Changes settings of a plugin, which reloads it, as the console does. */
export async function updatePlugin(ctx: Context, { key, settings }: PluginChange) {
  const { parent, group } = find(ctx, key)
  group[key] = { ...group[key], ...settings }
  await ctx.loader.reload(parent, key, group[key])
}
