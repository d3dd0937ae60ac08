import { decodeMediaKey, decryptMedia } from '../protocol/crypto'
import { UNKNOWN_TYPE, fileName, sniff } from './file-type'
import type { MediaLink } from '../protocol/payload'
import type { Bytes, FetchOptions } from './download'
import { MediaError, fetchBytes } from './download'

export { type FetchOptions, MediaError } from './download'

/** A file as its sender had it. */
export interface Media {
  data: Buffer
  /** Without any path; from the download's headers. */
  name?: string
  /** By content. */
  type: string
}

export interface MediaOptions extends FetchOptions {
  /** The bot's own keys, for links that bring none: the current one, and the one it replaces. */
  keys: Buffer[]
}

const ATTEMPTS = 3

/**
 * Downloads and decrypts what a message links to. The link is valid for five minutes; WeCom's storage answers 503 or
 * breaks off now and then, so that is tried again. What cannot be decrypted is an error, never handed on.
 * @throws {MediaError}
 * @see https://developer.work.weixin.qq.com/document/path/100719
 */
export async function downloadMedia({ url, aesKey }: MediaLink, options: MediaOptions): Promise<Media> {
  const keys = aesKey ? [keyOf(aesKey)] : options.keys
  const { data, ...rest } = await persist(url, options)
  return describe({ data: open(data, keys), ...rest })
}

/**
 * Downloads what a link names, as it is. Private addresses are refused like in `download`.
 * @throws {MediaError}
 */
export async function fetchFile(url: string, options: FetchOptions): Promise<Media> {
  return describe(await persist(url, options))
}

async function persist(url: string, options: FetchOptions): Promise<Bytes> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchBytes(url, options)
    } catch (error) {
      const isPassing = (error as MediaError).code === 'network'
      if (attempt === ATTEMPTS || !isPassing || options.signal?.aborted) throw error
      await new Promise<void>(resolve => options.clock.setTimeout(resolve, attempt * 1000))
    }
  }
}

function keyOf(aesKey: string): Buffer {
  try {
    return decodeMediaKey(aesKey)
  } catch {
    throw new MediaError('decrypt', 'the key beside the link is no key')
  }
}

function open(ciphertext: Buffer, keys: Buffer[]): Buffer {
  const files = keys.flatMap((key) => {
    try {
      return [decryptMedia(key, ciphertext)]
    } catch {
      return []
    }
  })
  // Of 256 files, a wrong key opens one all the same.
  const file = files.find(data => sniff(data) !== UNKNOWN_TYPE) ?? files[0]
  if (!file) throw new MediaError('decrypt', 'the file cannot be decrypted')
  return file
}

function describe({ data, disposition }: Bytes): Media {
  return { data, name: disposition && fileName(disposition), type: sniff(data) }
}
