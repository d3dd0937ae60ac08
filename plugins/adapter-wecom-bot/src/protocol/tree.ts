/** What is in an element, or in a JSON object: names in lower case and without underscores. */
export interface Tree {
  [name: string]: Value
}

export type Value = string | Tree | (string | Tree)[]

const DEPTH = 16

/** A JSON object in the form that XML has. Numbers become texts, what is too deep goes. */
export function toTree(object: object, depth = 0): Tree {
  const tree: Tree = {}
  for (const [name, value] of Object.entries(object)) {
    const key = name.replace(/_/g, '').toLowerCase()
    if (Array.isArray(value)) tree[key] = value.map(item => toItem(item, depth)).filter(item => item !== undefined)
    else {
      const item = toItem(value, depth)
      if (item !== undefined) tree[key] = item
    }
  }
  return tree
}

function toItem(value: unknown, depth: number): string | Tree | undefined {
  if (typeof value === 'object') return value && !Array.isArray(value) && depth < DEPTH ? toTree(value, depth + 1) : undefined
  return value === undefined ? undefined : String(value)
}

/** A text that is there, and has something in it. */
export function textOf(tree: Tree | undefined, name: string): string | undefined {
  const value = tree?.[name]
  return typeof value === 'string' && value ? value : undefined
}

export function treeOf(tree: Tree | undefined, name: string): Tree | undefined {
  return listOf(tree, name).find(item => typeof item === 'object')
}

/** Elements that may repeat; one alone is a list as well. */
export function listOf(tree: Tree | undefined, name: string): (string | Tree)[] {
  const value = tree?.[name]
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}

export function treesOf(tree: Tree | undefined, name: string): Tree[] {
  return listOf(tree, name).filter((item): item is Tree => typeof item === 'object')
}

export function numberOf(tree: Tree | undefined, name: string): number | undefined {
  const text = textOf(tree, name)?.trim()
  const number = Number(text)
  return text && Number.isFinite(number) ? number : undefined
}
