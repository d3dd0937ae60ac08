import { EngineError } from '../error'

const GOOGLE_BASE_URL = 'https://generativelanguage.googleapis.com'

/**
 * Takes a base URL apart as people write it: with or without a slash at the end, with or without the version. Google's,
 * where there is none.
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
  return { baseUrl: url.href.replace(/\/+$/, ''), apiVersion: version ?? 'v1beta' }
}
