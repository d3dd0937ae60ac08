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
 * @param isPicture the element shows as a picture where its link is sent
 * @returns `undefined` where the source may not or cannot be read, or is better sent as a link
 */
export type OpenFile = (src: string, isPicture: boolean) => Promise<OutgoingFile | undefined>

export interface FileReaderOptions extends FetchOptions {
  /** Reads `data:` and `internal:`. */
  http: { file(src: string): Promise<{ data: ArrayBuffer, filename?: string }> }
  /** Told where something cannot be read; the reason names no address. */
  warn(reason: string): void
}

/**
 * Reads what elements name: `data:` and Koishi's `internal:` as they come, links of the web past the guard against
 * private addresses. Nothing else, and above all no file of this machine: whoever wrote the element may be anybody.
 */
export function createFileReader({ http, warn, ...options }: FileReaderOptions): OpenFile {
  return async (src, isPicture) => {
    if (!URL.canParse(src)) return
    const url = new URL(src)
    const isTrusted = isTrustedHost(url, options.trusted)
    try {
      if (/^https?:$/.test(url.protocol)) {
        // A link is shown as a picture all the same, and takes no message of its own.
        return isPicture && !isTrusted ? undefined : await fromWeb(url, options)
      }
      if (/^(?:data|internal):$/.test(url.protocol)) return await fromKoishi(src, http)
    } catch (error) {
      // The message of Koishi's client names the address, which may be the file itself.
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
  // Where there is no name, Koishi makes up this one.
  return { data: Buffer.from(data), name: filename && !/^file(?:\.\w+)?$/.test(filename) ? decode(filename) : undefined }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
