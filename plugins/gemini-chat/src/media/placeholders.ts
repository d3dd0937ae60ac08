import type { Part } from '../engine/types'
import { isReference } from './reference'
import type { Reference } from './reference'

/** How the text of a question names a file. */
export function placeholderOf({ kind, name }: Reference): string {
  return name ? `[${kind}] ${name}` : `[${kind}]`
}

/**
 * Adds names that only the download told: to the references, and behind the placeholders of the text, which name the
 * files in the order of the references.
 * @param names by the index of the reference in `parts`
 * @returns as many parts as there were
 */
export function withNames(parts: readonly Part[], names: ReadonlyMap<number, string>): Part[] {
  const named = [...parts]
  let at = { index: 0, offset: 0 }
  parts.forEach((part, index) => {
    if (!isReference(part)) return
    const { reference } = part
    const name = names.get(index)
    const found = find(named, placeholderOf(reference), at)
    if (name) named[index] = { ...part, reference: { ...reference, name } } as Part
    if (!found) return
    at = found
    if (name) at = insert(named, found, ` ${name}`)
  })
  return named
}

/** A position in the text of one part. */
interface Position {
  index: number
  offset: number
}

/** @returns the position behind the mark */
function find(parts: readonly Part[], mark: string, from: Position): Position | undefined {
  for (let index = from.index; index < parts.length; index++) {
    const offset = parts[index].text?.indexOf(mark, index === from.index ? from.offset : 0) ?? -1
    if (offset >= 0) return { index, offset: offset + mark.length }
  }
}

/** @returns the position behind the inserted text */
function insert(parts: Part[], { index, offset }: Position, addition: string): Position {
  const text = parts[index].text!
  parts[index] = { ...parts[index], text: text.slice(0, offset) + addition + text.slice(offset) }
  return { index, offset: offset + addition.length }
}
