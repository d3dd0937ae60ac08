import { isDeepStrictEqual } from 'node:util'
import type { Dict } from 'koishi'
import { idOf, isEntry } from './entries'

/** A change of koishi.yml that went into the saved settings, or that did not because they had been changed as well. */
export interface MergeChange {
  /** Keys from the root, e.g. `plugins`, `group:assistant`, `gemini-chat:gemini`, `model`. */
  path: string[]
  kind: 'added' | 'changed' | 'removed' | 'kept'
}

function isTree(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The keys of a tree by id: an entry that is switched off is the same entry. */
function keysOf(tree: Dict): Map<string, string> {
  return new Map(Object.keys(tree).map(key => [isEntry(key) ? idOf(key) : key, key]))
}

/**
 * Merges the settings of a newer koishi.yml into the saved ones. What was changed in the console stays, everything else
 * follows koishi.yml.
 * @param saved what the console has saved
 * @param previous koishi.yml as it was at the last merge
 * @param current koishi.yml
 * @param changes receives what was changed in `koishi.yml`
 */
export function mergeSettings(
  saved: Dict, previous: Dict, current: Dict, changes: MergeChange[] = [], path: string[] = [],
): Dict {
  const [own, old, neo] = [keysOf(saved), keysOf(previous), keysOf(current)]
  const result: Dict = {}
  for (const [id, key] of own) {
    const change = (kind: MergeChange['kind']) => changes.push({ path: [...path, id], kind })
    const [oldKey, newKey] = [old.get(id), neo.get(id)]
    const [value, oldValue, newValue] = [saved[key], oldKey && previous[oldKey], newKey && current[newKey]]
    if (newKey === undefined) {
      const isUntouched = oldKey !== undefined && isDeepStrictEqual(value, oldValue)
      if (isUntouched) change('removed')
      else result[key] = value
      continue
    }
    // The switch is merged like a value: it follows koishi.yml unless the console has changed it.
    const mergedKey = key === oldKey ? newKey : key
    if (mergedKey !== key) change('changed')
    if (isTree(value) && isTree(newValue)) {
      result[mergedKey] = mergeSettings(value, isTree(oldValue) ? oldValue : {}, newValue, changes, [...path, id])
    } else if (isDeepStrictEqual(newValue, oldValue) || isDeepStrictEqual(newValue, value)) {
      result[mergedKey] = value
    } else if (oldKey !== undefined && isDeepStrictEqual(value, oldValue)) {
      change('changed')
      result[mergedKey] = newValue
    } else {
      change('kept')
      result[mergedKey] = value
    }
  }
  for (const [id, key] of neo) {
    if (own.has(id) || old.has(id)) continue
    changes.push({ path: [...path, id], kind: 'added' })
    result[key] = current[key]
  }
  return result
}
