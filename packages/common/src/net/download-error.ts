import { CodedError } from '../errors'

export type DownloadErrorCode =
  /** No `http:` or `https:` URL, or a redirect to none. */
  | 'download/not-web'
  /** The host is, or resolves to, an address that is not public. */
  | 'download/private-address'
  | 'download/too-many-redirects'
  /** The server answered with another status than 200; see `status`. */
  | 'download/refused'
  | 'download/too-large'
  /** The server sends, but not within the time limit. */
  | 'download/too-slow'
  /** No connection, or it broke; another try may succeed. */
  | 'download/network'

/** A failed download. The message never contains the URL, which often grants access. */
export class DownloadError extends CodedError<DownloadErrorCode> {
  override readonly name = 'DownloadError'

  /** @param status HTTP status, for `download/refused` */
  constructor(code: DownloadErrorCode, message: string, readonly status?: number) {
    super(code, message)
  }
}
