import { isTrustedHost } from 'common/net'
import type { FetchOptions } from './download'
import { fetchFile } from './media'
import { MediaError } from './media-error'

/** The content of a file to send. */
export interface OutgoingFile {
  data: Buffer
  name?: string
}

/**
 * Reads the `src` of an element.
 * @param isPicture the element is an image, which Markdown can show by its link
 * @returns `undefined` if the source may not or cannot be read, or is better sent as a link
 */
export type OpenFile = (src: string, isPicture: boolean) => Promise<OutgoingFile | undefined>

export interface FileReaderOptions extends FetchOptions {
  /** Reads `data:` and `internal:`. */
  http: { file(src: string): Promise<{ data: ArrayBuffer, filename?: string }> }
  /** Called if a file cannot be read. The reason contains no address. */
  warn(reason: string): void
}

/**
 * Creates a reader for `data:`, Koishi's `internal:` and, guarded against private addresses, `http:` and `https:`.
 * Local files are never read: the element may come from a chat message.
 */
export function createFileReader({ http, warn, ...options }: FileReaderOptions): OpenFile {
  return async (src, isPicture) => {
    if (!URL.canParse(src)) return
    const url = new URL(src)
    const isTrusted = isTrustedHost(url, options.trusted)
    try {
      if (/^https?:$/.test(url.protocol)) {
        // Markdown shows the link as a picture, without a message of its own.
        return isPicture && !isTrusted ? undefined : await fromWeb(url, options)
      }
      if (/^(?:data|internal):$/.test(url.protocol)) return await fromKoishi(src, http)
    } catch (error) {
      // Koishi's error message contains the address, which may be the whole file as a data URL.
      warn(error instanceof MediaError ? error.message : 'the file cannot be read')
    }
  }
}

async function fromWeb(url: URL, options: FetchOptions): Promise<OutgoingFile> {
  const { data, name } = await fetchFile(url.href, options)
  return { data, name: name ?? (decode(url.pathname.split('/').pop()!) || undefined) }
}

async function fromKoishi(src: string, http: FileReaderOptions['http']): Promise<OutgoingFile> {
  const { data, filename } = await http.file(src)
  // Koishi names files without a name `file.<extension>`.
  return { data: Buffer.from(data), name: filename && !/^file(?:\.\w+)?$/.test(filename) ? decode(filename) : undefined }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
