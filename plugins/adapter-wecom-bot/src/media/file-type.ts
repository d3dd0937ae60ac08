/** What a file is called and what it is: messages tell neither. */

/**
 * The file's name, from both forms of the header; the plain one is percent-encoded like a form.
 * https://www.rfc-editor.org/rfc/rfc6266
 */
export function fileName(disposition: string): string | undefined {
  const extended = /filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(disposition)?.[1]
  const plain = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]+))/i.exec(disposition)
  const form = plain?.[1]?.replace(/\\(.)/g, '$1') ?? plain?.[2] ?? ''
  const name = decode(extended ?? form.replace(/\+/g, ' '))
  const base = name.split(/[\\/]/).pop()!.replace(/[\0-\x1f\x7f]/g, '').trim().slice(0, 255)
  return /^\.{0,2}$/.test(base) ? undefined : base
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Of a file nobody can tell anything of. */
export const UNKNOWN_TYPE = 'application/octet-stream'

const signatures: [type: string, offset: number, magic: string][] = [
  ['image/png', 0, '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', 0, '\xff\xd8\xff'],
  ['image/gif', 0, 'GIF8'],
  ['image/webp', 8, 'WEBP'],
  ['image/heic', 4, 'ftypheic'],
  ['application/pdf', 0, '%PDF-'],
  ['application/zip', 0, 'PK\x03\x04'],
  ['audio/amr', 0, '#!AMR'],
  ['video/quicktime', 4, 'ftypqt'],
  ['video/mp4', 4, 'ftyp'],
]

/** The type of a file by its first bytes: neither the link nor the headers tell it. */
export function sniff(data: Buffer): string {
  const head = data.toString('latin1', 0, 16)
  return signatures.find(([, offset, magic]) => head.startsWith(magic, offset))?.[0] ?? UNKNOWN_TYPE
}
