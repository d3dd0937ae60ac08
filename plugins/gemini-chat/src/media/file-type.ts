/** What a file is, by what is in it. Names and headers are only what somebody says. */
export type FileType =
  /** As Gemini takes it. */
  | { mime: string, data: Buffer }
  /** As people call what Gemini does not take. */
  | { format: string }

type Signature = [type: string, matches: (bytes: Buffer, head: string) => boolean]

const at = (offset: number, ...marks: string[]) => (_: Buffer, head: string) => {
  return marks.some(mark => head.startsWith(mark, offset))
}

/** Of the family of MP4 the brand tells. https://mp4ra.org/registered-types/brands */
function ftyp(brand: string) {
  return `ftyp${brand}`
}

/** https://ai.google.dev/gemini-api/docs/image-understanding, …/document-processing, …/audio, …/video-understanding */
const known: Signature[] = [
  ['image/png', at(0, '\x89PNG\r\n\x1a\n')],
  ['image/jpeg', at(0, '\xff\xd8\xff')],
  ['image/webp', (_, head) => head.startsWith('RIFF') && head.startsWith('WEBP', 8)],
  ['image/heic', at(4, 'ftypheic', 'ftypheix', 'ftyphevc', 'ftyphevx')],
  ['image/heif', at(4, 'ftypmif1', 'ftypmsf1')],
  ['application/pdf', (_, head) => /^[\s\xef\xbb\xbf]*%PDF-/.test(head)],
  ['audio/wav', (_, head) => head.startsWith('RIFF') && head.startsWith('WAVE', 8)],
  ['audio/aiff', (_, head) => head.startsWith('FORM') && head.startsWith('AIF', 8)],
  ['audio/ogg', at(0, 'OggS')],
  ['audio/flac', at(0, 'fLaC')],
  ['audio/aac', bytes => bytes[0] === 0xff && (bytes[1] & 0xf6) === 0xf0],
  ['video/mp4', at(4, ...['isom', 'iso2', 'iso4', 'iso5', 'iso6', 'mp41', 'mp42', 'avc1', 'M4V ', 'MSNV', 'dash'].map(ftyp))],
  ['video/quicktime', at(4, ftyp('qt  '), 'moov')],
  ['video/3gpp', at(4, ftyp('3gp'), ftyp('3g2'))],
  ['video/webm', (_, head) => head.startsWith('\x1a\x45\xdf\xa3') && head.includes('webm')],
  ['video/mpeg', at(0, '\0\0\x01\xba', '\0\0\x01\xb3')],
  ['video/x-flv', at(0, 'FLV\x01')],
  ['video/avi', (_, head) => head.startsWith('RIFF') && head.startsWith('AVI ', 8)],
  ['video/wmv', at(0, '\x30\x26\xb2\x75\x8e\x66\xcf\x11')],
  ['audio/mp3', (bytes, head) => head.startsWith('ID3') || (bytes[0] === 0xff && (bytes[1] & 0xe6) === 0xe2)],
]

const unknown: Signature[] = [
  ['GIF', at(0, 'GIF8')],
  ['BMP', (_, head) => /^BM.{4}\0\0\0\0/s.test(head)],
  ['SVG', (_, head) => /^(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*|<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg[\s>]/is.test(head)],
  ['AVIF', at(4, 'ftypavif', 'ftypavis')],
  ['TIFF', at(0, 'II*\0', 'MM\0*')],
  ['AMR', at(0, '#!AMR')],
  ['SILK', (_, head) => /^\x02?#!SILK/.test(head)],
  ['M4A', at(4, ftyp('M4A'))],
  ['MKV', at(0, '\x1a\x45\xdf\xa3')],
  ['MP4', at(4, 'ftyp')],
]

/** @param name the file's name, for what only a name can tell: a spreadsheet and a text document are both archives */
export function typeOf(data: Buffer, name = ''): FileType {
  const head = data.toString('latin1', 0, 1024)
  const foreign = unknown.find(([, matches]) => matches(data, head))
  const mime = known.find(([, matches]) => matches(data, head))?.[0]
  if (mime) return { mime, data }
  if (foreign) return { format: foreign[0] }
  const text = decode(data)
  if (text !== undefined) return { mime: 'text/plain', data: Buffer.from(text) }
  return { format: /\.(\w{1,8})$/.exec(name)?.[1].toUpperCase() ?? '' }
}

const controls = /[\0-\x08\x0e-\x1a\x1c-\x1f]/

/** The text of a file; undefined where it is none. Chinese text files are often older than Unicode. */
function decode(data: Buffer): string | undefined {
  if (!data.length) return
  const mark = data.toString('hex', 0, 2)
  const wide = mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : undefined
  for (const encoding of wide ? [wide] : ['utf-8', 'gb18030']) {
    try {
      const text = new TextDecoder(encoding, { fatal: true }).decode(data)
      return controls.test(text) ? undefined : text
    } catch {}
  }
}
