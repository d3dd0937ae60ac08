/**
 * The name of a file from `Content-Disposition`, without any path. WeCom encodes the plain form like a web form.
 * @see https://www.rfc-editor.org/rfc/rfc6266
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
