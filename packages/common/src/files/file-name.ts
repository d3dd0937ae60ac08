/** Longer names are cut. */
const MAX_NAME_CHARS = 255

/**
 * The name of a file from `Content-Disposition`, without any path. Reads the extended form in any character set, and
 * of the plain form what servers make of Chinese names: percent-encoded or raw, in UTF-8 or GBK, or as an encoded word.
 * @param disposition as `node:http` and `Headers` give it: one character for each byte
 * @returns `undefined` if there is no usable name
 * @see https://www.rfc-editor.org/rfc/rfc6266
 * @see https://www.rfc-editor.org/rfc/rfc8187
 */
export function fileName(disposition: string): string | undefined {
  const name = extendedName(disposition) ?? plainName(disposition)
  const base = name.split(/[\\/]/).pop()!.replace(/[\0-\x1f\x7f]/g, '').trim().slice(0, MAX_NAME_CHARS)
  return /^\.{0,2}$/.test(base) ? undefined : base
}

function extendedName(disposition: string): string | undefined {
  const [, charset, value] = /filename\*\s*=\s*"?([\w.:-]+)'[^']*'([^;\s"]+)/i.exec(disposition) ?? []
  if (value === undefined) return
  const octets = percentDecoded(value)
  return decode(octets, charset) ?? inChinese(octets)
}

function plainName(disposition: string): string {
  const [, quoted, token] = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]+))/i.exec(disposition) ?? []
  // WeCom encodes like a web form, without quotation marks. Between these, a plus sign is one.
  const value = quoted?.replace(/\\([^])/g, unescaped) ?? token?.replace(/\+/g, ' ') ?? ''
  const words = value.replace(/=\?([\w-]+)\?([bq])\?([^?]*)\?=\s*/gi, encodedWord)
  return words === value ? inChinese(percentDecoded(value)) ?? inChinese(value) ?? value : words
}

/** Quoted paths of Windows are often not escaped: their backslashes are kept. */
function unescaped(pair: string, character: string) {
  return /["\\]/.test(character) ? character : pair
}

/** @see https://www.rfc-editor.org/rfc/rfc2047 */
function encodedWord(word: string, charset: string, encoding: string, value: string): string {
  const isBase64 = encoding.toLowerCase() === 'b'
  const octets = isBase64 ? Buffer.from(value, 'base64').toString('latin1') : percentDecoded(value.replace(/_/g, ' ').replace(/=/g, '%'))
  return decode(octets, charset) ?? word
}

function percentDecoded(text: string): string {
  return text.replace(/%([\da-f]{2})/gi, (_, code) => String.fromCharCode(parseInt(code, 16)))
}

/** Octets of UTF-8, or of what Chinese Windows writes. Text that holds other characters is decoded already. */
function inChinese(octets: string): string | undefined {
  if (/[^\0-\xff]/.test(octets)) return octets
  return decode(octets, 'utf-8') ?? decode(octets, 'gb18030')
}

/** @returns `undefined` if the octets are none of this character set, or it is unknown */
function decode(octets: string, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(Buffer.from(octets, 'latin1'))
  } catch {}
}
