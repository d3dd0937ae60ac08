import { detectFileType } from 'common/files'

/** What a file is, by its content. Names and headers are only what a sender claims. */
export type FileType =
  /** As the model takes it. */
  | { mime: string, data: Buffer }
  /** The usual name of a format that the model does not take; empty if unknown. */
  | { format: string }

/**
 * Media types that models take.
 * @see https://ai.google.dev/gemini-api/docs/image-understanding
 * @see https://ai.google.dev/gemini-api/docs/document-processing
 * @see https://ai.google.dev/gemini-api/docs/audio
 * @see https://ai.google.dev/gemini-api/docs/video-understanding
 */
const supported = new Set([
  'image/png', 'image/jpeg', 'image/webp', 'image/heic', 'image/heif', 'application/pdf', 'audio/wav', 'audio/aiff',
  'audio/ogg', 'audio/flac', 'audio/aac', 'video/mp4', 'video/quicktime', 'video/3gpp', 'video/webm', 'video/mpeg',
  'video/x-flv',
])

/** Media types that models take under another name. */
const renamed: Record<string, string> = {
  'audio/mpeg': 'audio/mp3',
  'video/x-msvideo': 'video/avi',
  'video/x-ms-wmv': 'video/wmv',
}

const formats: Record<string, string> = {
  'image/gif': 'GIF',
  'image/bmp': 'BMP',
  'image/svg+xml': 'SVG',
  'image/avif': 'AVIF',
  'image/tiff': 'TIFF',
  'audio/amr': 'AMR',
  'audio/silk': 'SILK',
  'audio/mp4': 'M4A',
  'video/x-matroska': 'MKV',
  'application/mp4': 'MP4',
}

/** Whether a file is a ZIP archive, as Office documents are. */
export function isArchive(data: Buffer): boolean {
  return detectFileType(data) === 'application/zip'
}

/** @param name tells apart formats that are all ZIP archives, such as DOCX and XLSX */
export function typeOf(data: Buffer, name = ''): FileType {
  const type = detectFileType(data) ?? ''
  if (supported.has(type)) return { mime: type, data }
  if (renamed[type]) return { mime: renamed[type], data }
  if (formats[type]) return { format: formats[type] }
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
