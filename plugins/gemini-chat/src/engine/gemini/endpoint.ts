import { EngineError } from '../error'

const GOOGLE_BASE_URL = 'https://generativelanguage.googleapis.com'

/**
 * Splits a base URL into address and API version. A trailing slash and the version are optional; without an address,
 * it is Google's.
 * @throws {EngineError} of kind `protocol`; the message says what to write
 */
export function parseBaseUrl(address?: string) {
  address ||= GOOGLE_BASE_URL
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash) {
    throw new EngineError('protocol', '接口地址无法识别：应写作 https://主机，后面至多再有路径。 '
      + 'The base URL is not understood: write https://host, with at most a path after it.')
  }
  const [, path, version] = /^(.*?)\/*(?:\/(v\d\w*))?\/*$/.exec(url.pathname)!
  url.pathname = path
  return {
    baseUrl: url.href.replace(/\/+$/, ''),
    apiVersion: version ?? 'v1beta',
    isRelay: !/(^|\.)googleapis\.com$/.test(url.hostname),
  }
}
