import type { Random } from './random'

const strange = [
  null, true, 0, -1, 1e308, '', ' ', '\0', '\ud800', '𝄞'.repeat(40), 'x'.repeat(5000), [], {}, [[[[]]]], [null],
  { __proto__: null }, '../../etc/passwd', '<xml>', '${env}', '<execute>help</execute>', Array(50).fill('a'),
]
const keys = ['__proto__', 'constructor', 'toString', 'msgid', 'msgtype', 'chatid', 'stream', 'event', 'from', '']

/** Replaces, removes, adds or duplicates something in a JSON value. */
export function mutateJson(value: unknown, random: Random): unknown {
  if (random.next() < 0.15) return random.pick(strange)
  if (Array.isArray(value)) {
    const copy = [...value]
    if (copy.length) copy[random.integer(0, copy.length - 1)] = mutateJson(random.pick(copy), random)
    if (random.next() < 0.3) copy.push(random.pick(strange))
    return copy
  }
  if (typeof value !== 'object' || value === null) return random.pick(strange)
  const entries = Object.entries(value)
  const at = random.integer(0, Math.max(0, entries.length - 1))
  if (!entries.length || random.next() < 0.2) entries.push([random.pick(keys), random.pick(strange)])
  else if (random.next() < 0.25) entries.splice(at, 1)
  else entries[at] = [entries[at][0], mutateJson(entries[at][1], random)]
  return Object.fromEntries(entries)
}

/** Changes, removes or duplicates some of the bytes, mostly in whole blocks. */
export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  const at = 16 * random.integer(0, Math.floor(bytes.length / 16))
  const copy = Buffer.from(bytes)
  switch (random.integer(0, 4)) {
    case 0:
      return copy.subarray(0, at)
    case 1:
      return copy.subarray(at)
    case 2:
      return Buffer.concat([copy, copy.subarray(at)])
    case 3:
      return copy.subarray(0, random.integer(0, copy.length))
  }
  if (copy.length) copy[random.integer(0, copy.length - 1)] ^= random.integer(1, 255)
  return copy
}

/** Changes, cuts, repeats or moves some characters of a text. */
export function mutateText(text: string, random: Random): string {
  let result = text
  for (let times = random.integer(1, 4); times; times--) {
    const at = random.integer(0, result.length)
    const length = random.integer(0, 8)
    const [head, middle, tail] = [result.slice(0, at), result.slice(at, at + length), result.slice(at + length)]
    result = random.pick([
      head + tail,
      head + middle + middle + tail,
      head + String.fromCharCode(random.integer(0, 255)) + tail,
      head + random.pick(['"', '{', '}', '<', ']]>', '&lt;', '<!DOCTYPE x [<!ENTITY e "e">]>', '\\u0000', '%', '=']) + tail,
      head,
      tail + head,
    ])
  }
  return result
}
