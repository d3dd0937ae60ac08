import type { Dict } from 'koishi'

/** The key of an entry in koishi.yml: `name:ident`, or `~name:ident` if it is switched off. */
export interface EntryKey {
  isOn: boolean
  name: string
  ident: string
}

export function parseKey(key: string): EntryKey {
  const isOn = !key.startsWith('~')
  const id = isOn ? key : key.slice(1)
  const [name] = id.split(':', 1)
  return { isOn, name, ident: id.slice(name.length + 1) }
}

/** The key without its switch, by which an entry is recognised. */
export function idOf(key: string): string {
  return key.startsWith('~') ? key.slice(1) : key
}

/** Whether a key of a group is an entry rather than one of its own settings, such as `$if`. */
export function isEntry(key: string): boolean {
  return !key.startsWith('$')
}

export interface Entry extends EntryKey {
  key: string
  config: Dict
}

/** All entries, those of groups included, in the order of the file. */
export function* entriesOf(plugins: Dict): Iterable<Entry> {
  for (const [key, config] of Object.entries(plugins)) {
    if (!isEntry(key)) continue
    const entry = { ...parseKey(key), key, config: config ?? {} }
    yield entry
    if (entry.name === 'group') yield* entriesOf(entry.config)
  }
}

/** Copies a tree of entries with keys of its own choice, which keeps their order. */
export function mapKeys(plugins: Dict, keyOf: (key: string) => string): Dict {
  return Object.fromEntries(Object.entries(plugins).map(([key, config]) => {
    const isGroup = isEntry(key) && parseKey(key).name === 'group'
    return [isEntry(key) ? keyOf(key) : key, isGroup ? mapKeys(config ?? {}, keyOf) : config]
  }))
}

/** Gives every entry an ident, as Koishi does, but always the same one. */
export function withIdents(plugins: Dict): Dict {
  const used = new Set([...entriesOf(plugins)].map(entry => entry.ident))
  return mapKeys(plugins, (key) => {
    const { name, ident } = parseKey(key)
    if (ident) return key
    const base = name.replace(/\W+/g, '-')
    let fresh = base
    for (let count = 2; used.has(fresh); count++) fresh = `${base}${count}`
    used.add(fresh)
    return `${key.split(':', 1)[0]}:${fresh}`
  })
}
