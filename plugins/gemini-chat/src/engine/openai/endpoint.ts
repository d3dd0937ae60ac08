import { EngineError } from '../error'

/** The end of a complete address of chat completions, which people copy from a guide. */
const OPERATION = /\/chat\/completions$/

/**
 * The address to which `/chat/completions` is added. Services have it below `/v1`, `/api/v3`, `/compatible-mode/v1` and
 * so on; an address without a path gets `/v1`.
 * @throws {EngineError} of kind `protocol`; the message says what to write
 */
export function parseOpenAiBaseUrl(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash) {
    throw new EngineError('protocol', '接口地址无法识别：应写作 https://主机/v1，不带问号和井号。 '
      + 'The base URL is not understood: write https://host/v1, without a query or a fragment.')
  }
  const path = url.pathname.replace(/\/+$/, '').replace(OPERATION, '')
  url.pathname = path || '/v1'
  return url.href
}
