import type { Driver } from 'minato'
import { Binary, isNullable } from 'koishi'

/** A type of column whose `NULL` stays `NULL`. */
function define<I, O>(types: readonly string[], dump: (value: I) => O, load: (value: O) => I): Driver.Transformer {
  const optional = <A, B>(convert: (value: A) => B) => (value: A) => isNullable(value) ? value : convert(value)
  return { types, dump: optional(dump), load: optional(load) } as unknown as Driver.Transformer
}

/** A list is text with commas, and never `NULL` for those who read it. */
const list: Driver.Transformer<string[], string> = {
  types: ['list'],
  dump: value => Array.isArray(value) ? value.join(',') : value,
  load: value => value ? value.split(',') : [],
}

/** How values are stored: exactly as the stock SQLite driver stores them, so that both read the same file. */
export const columnTypes: readonly Driver.Transformer[] = [
  define<boolean, number>(['boolean'], Number, Boolean),
  // A selection of some fields of an object hands the object on as it is.
  define<unknown, unknown>(['json'], value => JSON.stringify(value), (value) => {
    return typeof value === 'string' ? JSON.parse(value) as unknown : value
  }),
  list as Driver.Transformer,
  define<Date, number | bigint>(['date', 'time', 'timestamp'], value => +new Date(value), (value) => {
    return new Date(Number(value))
  }),
  define<ArrayBufferLike, Uint8Array>(['binary'], value => new Uint8Array(value), value => Binary.fromSource(value)),
  define<number, number | bigint>(
    ['primary', 'integer', 'unsigned', 'float', 'double', 'decimal'], value => value, Number,
  ),
]
