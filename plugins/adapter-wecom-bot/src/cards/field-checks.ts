import { CardError } from '../protocol/template-card'

/**
 * Checks one field.
 * @param field its path, for the message
 * @throws {CardError}
 */
export type FieldCheck = (value: unknown, field: string) => void

export const fail = (field: string, requirement: string): never => {
  throw new CardError(field, requirement)
}

export const string: FieldCheck = (value, field) => {
  if (typeof value !== 'string' || !value) fail(field, 'must be a non-empty string')
}

export const boolean: FieldCheck = (value, field) => {
  if (typeof value !== 'boolean') fail(field, 'must be true or false')
}

export const url: FieldCheck = (value, field) => {
  if (typeof value !== 'string' || !URL.canParse(value) || !/^https?:/.test(value)) fail(field, 'must be a web address')
}

/** A string of at most `most` bytes of UTF-8. */
export const bytes = (most: number): FieldCheck => (value, field) => {
  string(value, field)
  if (Buffer.byteLength(value as string) > most) fail(field, `must have at most ${most} bytes of UTF-8`)
}

/** A number from `least` to `most`, both included. */
export const range = (least: number, most: number): FieldCheck => (value, field) => {
  if (typeof value !== 'number' || !(value >= least && value <= most)) {
    fail(field, `must be a number from ${least} to ${most}`)
  }
}

/** An array of `least` to `most` elements. */
export const list = (least: number, most: number, item: FieldCheck): FieldCheck => (value, field) => {
  if (!Array.isArray(value) || value.length < least || value.length > most) {
    return fail(field, `must be a list of ${least} to ${most}`)
  }
  value.forEach((element, index) => item(element, `${field}[${index}]`))
}

/** An object with these fields and no others. A `!` at the end of a name makes the field required. */
export const object = (fields: Record<string, FieldCheck>): FieldCheck => (value, field) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(field, 'must be an object')
  const given = value as Record<string, unknown>
  const rest = new Set(Object.keys(given).filter(key => given[key] !== undefined))
  for (const [name, check] of Object.entries(fields)) {
    const key = name.replace('!', '')
    const path = field ? `${field}.${key}` : key
    if (rest.delete(key)) check(given[key], path)
    else if (key !== name) fail(path, 'is required')
  }
  for (const key of rest) fail(field ? `${field}.${key}` : key, 'is not a field of this card')
}
