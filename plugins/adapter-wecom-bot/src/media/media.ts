import { retry } from 'common/async'
import { detectFileType, fileName } from 'common/files'
import { decodeMediaKey, decryptMedia } from '../protocol/crypto'
import type { MediaLink } from '../protocol/payload'
import type { Bytes, FetchOptions } from './download'
import { fetchBytes } from './download'
import { MediaError } from './media-error'

/** A received file, decrypted. */
export interface Media {
  data: Buffer
  /** File name without a path, from the headers of the download. */
  name?: string
  /** MIME type, by content. */
  type: string
}

export interface MediaOptions extends FetchOptions {
  /** Keys for links without one: the bot's current key, then the previous one. */
  keys: Buffer[]
}

const MAX_ATTEMPTS = 3
/** Before the second try; the third waits twice as long. */
const RETRY_PAUSE_MS = 1000

/**
 * Downloads and decrypts a received file. WeCom's storage sometimes answers 503 or closes the connection, so network
 * failures are retried.
 * @throws {MediaError}
 * @see https://developer.work.weixin.qq.com/document/path/100719
 */
export async function downloadMedia({ url, aesKey }: MediaLink, options: MediaOptions): Promise<Media> {
  const keys = aesKey ? [keyOf(aesKey)] : options.keys
  const { data, ...rest } = await fetchWithRetries(url, options)
  return toMedia({ data: decrypt(data, keys), ...rest })
}

/**
 * Downloads a file that is not encrypted.
 * @throws {MediaError}
 */
export async function fetchFile(url: string, options: FetchOptions): Promise<Media> {
  return toMedia(await fetchWithRetries(url, options))
}

function fetchWithRetries(url: string, options: FetchOptions): Promise<Bytes> {
  return retry(() => fetchBytes(url, options), {
    clock: options.clock,
    signal: options.signal,
    attempts: MAX_ATTEMPTS,
    delayMs: (error, attempt) => {
      return (error as MediaError).code === 'wecom-bot/media-network-failed' ? (attempt + 1) * RETRY_PAUSE_MS : undefined
    },
  })
}

function keyOf(aesKey: string): Buffer {
  try {
    return decodeMediaKey(aesKey)
  } catch {
    throw new MediaError('wecom-bot/media-undecryptable', 'the key of the link is not valid')
  }
}

function decrypt(ciphertext: Buffer, keys: Buffer[]): Buffer {
  const files = keys.flatMap((key) => {
    try {
      return [decryptMedia(key, ciphertext)]
    } catch {
      return []
    }
  })
  // A wrong key passes the padding check 1 time in 256, so prefer a result with a known file type.
  const file = files.find(data => detectFileType(data)) ?? files[0]
  if (!file) throw new MediaError('wecom-bot/media-undecryptable', 'the file cannot be decrypted: check encodingAESKey')
  return file
}

/** Names and types a file; the type is found by its content. */
export function toMedia({ data, disposition }: Bytes): Media {
  return { data, name: disposition && fileName(disposition), type: detectFileType(data) ?? 'application/octet-stream' }
}
