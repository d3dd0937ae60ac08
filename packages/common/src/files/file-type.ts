/** Bytes that are looked at. */
const HEAD_BYTES = 1024

type Matches = (head: string) => boolean

/** @param marks any of these, in Latin-1 */
const at = (offset: number, ...marks: string[]): Matches => head => marks.some(mark => head.startsWith(mark, offset))

/** A RIFF or IFF container, by the type of its content. */
const container = (mark: string, content: string): Matches => (head) => {
  return head.startsWith(mark) && head.startsWith(content, 8)
}

/** @see https://mp4ra.org/registered-types/brands */
const brand = (...brands: string[]) => at(4, ...brands.map(name => `ftyp${name}`))

/** Frame header of MPEG audio: eleven set bits, then version and layer. */
const frame = (mask: number, bits: number): Matches => (head) => {
  return head.charCodeAt(0) === 0xff && (head.charCodeAt(1) & mask) === bits
}

const EBML = '\x1a\x45\xdf\xa3'

const SVG = /^(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*|<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg[\s>]/is

/** The first that matches counts. */
const signatures: [type: string, matches: Matches][] = [
  ['image/png', at(0, '\x89PNG\r\n\x1a\n')],
  ['image/jpeg', at(0, '\xff\xd8\xff')],
  ['image/gif', at(0, 'GIF8')],
  ['image/webp', container('RIFF', 'WEBP')],
  ['image/heic', brand('heic', 'heix', 'hevc', 'hevx')],
  ['image/heif', brand('mif1', 'msf1')],
  ['image/avif', brand('avif', 'avis')],
  ['image/bmp', head => /^BM.{4}\0\0\0\0/s.test(head)],
  ['image/tiff', at(0, 'II*\0', 'MM\0*')],
  ['image/svg+xml', head => SVG.test(head)],
  ['application/pdf', head => /^[\s\xef\xbb\xbf]*%PDF-/.test(head)],
  ['application/zip', at(0, 'PK\x03\x04')],
  ['audio/wav', container('RIFF', 'WAVE')],
  ['audio/aiff', container('FORM', 'AIF')],
  ['audio/ogg', at(0, 'OggS')],
  ['audio/flac', at(0, 'fLaC')],
  ['audio/amr', at(0, '#!AMR')],
  ['audio/silk', head => /^\x02?#!SILK/.test(head)],
  ['audio/mp4', brand('M4A')],
  ['audio/aac', frame(0xf6, 0xf0)],
  ['video/mp4', brand('isom', 'iso2', 'iso4', 'iso5', 'iso6', 'mp41', 'mp42', 'avc1', 'M4V ', 'MSNV', 'dash')],
  ['video/quicktime', at(4, 'ftypqt', 'moov')],
  ['video/3gpp', brand('3gp', '3g2')],
  // Of the same family, but of a brand that may be anything.
  ['application/mp4', at(4, 'ftyp')],
  ['video/webm', head => head.startsWith(EBML) && head.includes('webm')],
  ['video/x-matroska', at(0, EBML)],
  ['video/mpeg', at(0, '\0\0\x01\xba', '\0\0\x01\xb3')],
  ['video/x-flv', at(0, 'FLV\x01')],
  ['video/x-msvideo', container('RIFF', 'AVI ')],
  ['video/x-ms-wmv', at(0, '\x30\x26\xb2\x75\x8e\x66\xcf\x11')],
  ['audio/mpeg', at(0, 'ID3')],
  ['audio/mpeg', frame(0xe6, 0xe2)],
]

/**
 * The media type of a file by its first bytes. Names and headers are only what a sender claims.
 * @returns `undefined` for text and for formats without a known signature
 * @see https://www.iana.org/assignments/media-types
 */
export function detectFileType(data: Buffer): string | undefined {
  const head = data.toString('latin1', 0, HEAD_BYTES)
  return signatures.find(([, matches]) => matches(head))?.[0]
}
