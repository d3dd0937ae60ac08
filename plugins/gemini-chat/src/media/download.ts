import { fileName } from 'common/files'
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

/** What storage services answer to a link whose time is over. */
const EXPIRED_STATUS = [401, 403, 410]

/** A file as it was loaded. */
export interface LoadedFile {
  data: Buffer
  /** Its name, where the sender of the bytes told it. */
  name?: string
}

/**
 * Downloads a file of a message from the public web.
 * @throws {MediaError}
 * @throws the signal's reason when it aborts
 */
export async function download(address: string, { limit, ...options }: Omit<DownloadOptions, 'limitBytes'> & {
  /** Most bytes. */
  limit: number
}): Promise<LoadedFile> {
  try {
    const { data, headers } = await guardedDownload(parseWebUrl(address), { ...options, limitBytes: limit })
    return { data, name: fileName(headers['content-disposition'] ?? '') }
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error
    const cure = error.code === 'download/private-address' ? ': add it to mediaHosts if it may be used' : ''
    const reason = EXPIRED_STATUS.includes(error.status!) ? 'expired' : reasons[error.code]
    throw new MediaError(reason, error.message + cure)
  }
}

export function tooLarge(limit: number) {
  return new MediaError('size', `the file is larger than ${limit} bytes`)
}
