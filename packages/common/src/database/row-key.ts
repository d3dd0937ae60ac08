import { createHash } from 'node:crypto'

const ROW_KEY = /^[0-9a-f]{64}$/

/**
 * The key of a row that ids from outside identify, such as a message of a bot. Databases compare text as their
 * collation says, which by default on MySQL ignores case and trailing blanks, and limit the length of a key. A hash in
 * lower case is the same for equal ids only, under every collation, and always 64 characters long.
 * @param parts together they identify the row; their boundaries count, `('ab', 'c')` differs from `('a', 'bc')`
 */
export function rowKey(...parts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part)
  return hash.digest('hex')
}

/** Whether a text has the form of a row key. */
export function isRowKey(text: string): boolean {
  return ROW_KEY.test(text)
}
