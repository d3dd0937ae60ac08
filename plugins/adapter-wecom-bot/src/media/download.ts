import { DownloadError, guardedDownload, parseWebUrl } from 'common/net'
import type { DownloadErrorCode, DownloadOptions } from 'common/net'
import type { Clock } from 'common/time'
import { MediaError } from './media-error'
import type { MediaErrorCode } from './media-error'

export interface FetchOptions extends Pick<DownloadOptions, 'signal' | 'resolve'> {
  /** Most bytes. */
  limit: number
  clock: Clock
  /** Hosts (`host` or `host:port`) that may have private addresses. */
  trusted: readonly string[]
}

export interface Bytes {
  data: Buffer
  disposition?: string
}

/** Encryption pads a file by up to 32 bytes. */
const MAX_PADDING_BYTES = 32

const codes: Record<DownloadErrorCode, MediaErrorCode> = {
  'download/not-web': 'wecom-bot/media-unavailable',
  'download/too-many-redirects': 'wecom-bot/media-unavailable',
  'download/refused': 'wecom-bot/media-unavailable',
  'download/private-address': 'wecom-bot/media-private-address',
  'download/too-large': 'wecom-bot/media-too-large',
  'download/too-slow': 'wecom-bot/media-timed-out',
  'download/network': 'wecom-bot/media-network-failed',
}

/**
 * Downloads from the public web, once: repeating it is up to the caller.
 * @throws {MediaError}
 */
export async function fetchBytes(link: string, options: FetchOptions): Promise<Bytes> {
  const { limit, ...rest } = options
  const limitBytes = limit + MAX_PADDING_BYTES
  try {
    const { data, headers } = await guardedDownload(parseWebUrl(link), { ...rest, limitBytes })
    return { data, disposition: headers['content-disposition'] }
  } catch (error) {
    throw toMediaError(error, limit)
  }
}

function toMediaError(cause: unknown, limit: number): MediaError {
  if (!(cause instanceof DownloadError)) return new MediaError('wecom-bot/media-network-failed', 'the download was aborted')
  // WeCom's storage answers 503 now and then.
  if (cause.status! >= 500) return new MediaError('wecom-bot/media-network-failed', cause.message, { cause })
  return new MediaError(codes[cause.code], describe(cause, limit), { cause })
}

function describe({ code, message }: DownloadError, limit: number): string {
  if (code === 'download/too-large') return `the file is larger than ${Math.floor(limit / 1048576)} MB`
  if (code === 'download/private-address') return `${message}: add it to trustedHosts if it may be used`
  return message
}
