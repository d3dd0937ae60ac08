import { DownloadError, guardedDownload, parseWebUrl } from 'common/net'
import type { DownloadErrorCode, DownloadOptions } from 'common/net'
import { MediaError } from './error'
import type { MediaErrorReason } from './error'

const reasons: Record<DownloadErrorCode, MediaErrorReason> = {
  'download/not-web': 'unreachable',
  'download/private-address': 'unreachable',
  'download/too-many-redirects': 'unreachable',
  'download/refused': 'unreachable',
  'download/too-large': 'size',
  'download/too-slow': 'unreachable',
  'download/network': 'unreachable',
}

/**
 * Downloads a file of a message from the public web.
 * @throws {MediaError}
 * @throws the signal's reason when it aborts
 */
export async function download(address: string, { limit, ...options }: Omit<DownloadOptions, 'limitBytes'> & {
  /** Most bytes. */
  limit: number
}): Promise<Buffer> {
  try {
    const { data } = await guardedDownload(parseWebUrl(address), { ...options, limitBytes: limit })
    return data
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error
    const cure = error.code === 'download/private-address' ? ': add it to mediaHosts if it may be used' : ''
    throw new MediaError(reasons[error.code], error.message + cure)
  }
}

export function tooLarge(limit: number) {
  return new MediaError('size', `the file is larger than ${limit} bytes`)
}
