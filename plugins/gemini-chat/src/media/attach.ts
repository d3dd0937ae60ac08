import type { Content, FileData, Part } from '../engine/types'
import { fileName } from 'common/files'
import { download, tooLarge } from './download'
import type { LoadedFile } from './download'
import { MediaError } from './error'
import type { MediaErrorReason } from './error'
import { placeholderOf, withNames } from './placeholders'
import { isReference } from './reference'
import type { Reference } from './reference'
import { isArchive, typeOf } from './file-type'
import { officeText } from './office'

/** A file that is left out of a question. */
export interface RejectedFile extends Pick<Reference, 'kind' | 'name'> {
  reason: MediaErrorReason
  /** For the log. */
  message: string
  /** The most bytes that the adapter accepts, where that is the reason. */
  limit?: number
}

export interface Attached {
  /** The question with bytes in place of references. */
  content: Content
  /** The question with its references, and with the names that only the downloads told. */
  named: Content
  rejected: RejectedFile[]
  /** Nothing is left to ask about: all files are left out, and there is no other text. */
  isBlank: boolean
  /** Bytes left of `total`. */
  left: number
}

/** The response of Koishi's `handleInternalRoute`. */
export interface InternalFile {
  status: number
  body?: ArrayBufferLike
  headers?: Headers
}

export interface AttachOptions {
  /** Bytes of one file, and of all files of a question. */
  limit: number
  total: number
  /** Milliseconds for all files together; 0 is no limit. */
  timeout: number
  trusted: readonly string[]
  /** Opens an `internal:` address of an adapter. A redirect to the web is followed here. */
  internal(url: URL): Promise<InternalFile>
  signal: AbortSignal
}

/**
 * Loads the files of a question. Files that cannot be loaded or are not supported are left out.
 * @throws the signal's reason when it aborts
 */
export async function attachFiles({ role, parts }: Content, options: AttachOptions): Promise<Attached> {
  const { signal, timeout } = options
  const rejected: RejectedFile[] = []
  const controller = new AbortController()
  const abort = () => controller.abort(signal.reason)
  const late = () => controller.abort(new MediaError('unreachable', `the files took longer than ${timeout} ms`))
  const timer = timeout > 0 ? setTimeout(late, timeout) : undefined
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  let left = options.total
  const files = new Map<number, FileData>()
  const names = new Map<number, string>()
  try {
    for (const [index, part] of parts.entries()) {
      if (!isReference(part)) continue
      const { kind, name } = part.reference
      try {
        const limit = Math.min(options.limit, left)
        const loaded = await load(part.reference, { ...options, limit, signal: controller.signal })
        // Names of pictures are numbers given by a camera or a client.
        if (!name && loaded.name && kind !== 'image') names.set(index, loaded.name.replace(/\s+/g, ' '))
        const file = await toModel(loaded.data, name ?? loaded.name, controller.signal)
        left -= Buffer.byteLength(file.data, 'base64')
        files.set(index, file)
      } catch (error) {
        signal.throwIfAborted()
        // Errors of adapters may contain the address.
        const known = error instanceof MediaError ? error : new MediaError('unreachable', 'the file cannot be read')
        const { reason, message, limit } = known
        rejected.push({ kind, name: name ?? names.get(index), reason, message, ...limit && { limit } })
      }
    }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
  const named = withNames(parts, names)
  const loaded = named.flatMap((part, index): Part[] => {
    if (!isReference(part)) return [part]
    const file = files.get(index)
    return file ? [{ file }] : []
  })
  const isNothingLeft = isBlank(loaded, named)
  return { content: { role, parts: loaded }, named: { role, parts: named }, rejected, isBlank: isNothingLeft, left }
}

/** Whether only placeholders of files remain, and perhaps the name of the speaker. */
function isBlank(loaded: Part[], parts: Part[]): boolean {
  if (loaded.some(({ text }) => text === undefined)) return false
  const names = parts.filter(isReference).map(({ reference }) => placeholderOf(reference))
  const text = loaded.map(({ text }) => text!.replace(/^\[[^\]\n]*\]\n/, '')).join('\n')
  return !names.reduce((rest, name) => rest.replace(name, () => ''), text).trim()
}

async function load({ src }: Reference, options: AttachOptions): Promise<LoadedFile> {
  options.signal.throwIfAborted()
  if (options.limit <= 0) throw tooLarge(options.limit)
  return read(src, options)
}

/** A file as the model takes it. */
async function toModel(data: Buffer, name: string | undefined, signal: AbortSignal): Promise<FileData> {
  const text = isArchive(data) ? await officeText(data) : undefined
  signal.throwIfAborted()
  if (text !== undefined) return { mimeType: 'text/plain', data: Buffer.from(text).toString('base64') }
  const type = typeOf(data, name)
  if ('format' in type) throw new MediaError('type', `${type.format || 'this format'} is not supported`)
  return { mimeType: type.mime, data: type.data.toString('base64') }
}

/** The address may come from anyone, so files of this machine are never read. */
async function read(src: string, options: AttachOptions): Promise<LoadedFile> {
  const { limit, signal, internal } = options
  if (/^https?:/i.test(src) && URL.canParse(src)) return download(src, options)
  if (/^data:/i.test(src)) return { data: decode(src, limit) }
  if (!/^internal:/i.test(src)) throw new MediaError('unreachable', 'the kind of address is not allowed')
  const { status, body, headers } = await Promise.race([internal(new URL(src)), ended(signal)])
  const location = headers?.get('location')
  if (status >= 300 && status < 400 && location) return download(location, options)
  if (status >= 300 || !body) throw refusalOf({ status, body, headers })
  if (body.byteLength > limit) throw tooLarge(limit)
  return { data: Buffer.from(body), name: fileName(headers?.get('content-disposition') ?? '') }
}

/** Ends of the codes by which adapters tell why they have no file. */
const REFUSALS: [end: RegExp, reason: MediaErrorReason][] = [
  [/too-large$/, 'size'], [/undecryptable$/, 'undecryptable'], [/(?:unavailable|expired)$/, 'expired'],
]

function refusalOf({ status, body, headers }: InternalFile): MediaError {
  const code = headers?.get('x-error-code') ?? ''
  const reason = REFUSALS.find(([end]) => end.test(code))?.[1] ?? 'unreachable'
  const why = body && headers?.get('content-type')?.startsWith('text/plain') ? `: ${Buffer.from(body).toString().slice(0, 200)}` : ''
  return new MediaError(reason, `the adapter answers ${status}${why}`, Number(headers?.get('x-error-limit')) || undefined)
}

/**
 * Decodes a `data:` address.
 * @see https://datatracker.ietf.org/doc/html/rfc2397
 */
function decode(src: string, limit: number): Buffer {
  const [, base64, body] = /^data:[^,;]*(?:;(?!base64)[^,;]*)*(;base64)?,(.*)$/is.exec(src) ?? []
  if (body === undefined) throw new MediaError('unreachable', 'the address is malformed')
  if (body.length > limit * 3) throw tooLarge(limit)
  const data = base64 ? Buffer.from(body, 'base64') : Buffer.from(unescape(body), 'latin1')
  if (data.length > limit) throw tooLarge(limit)
  return data
}

function unescape(text: string) {
  return text.replace(/%([\da-f]{2})/gi, (_, code) => String.fromCharCode(parseInt(code, 16)))
}

function ended(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
