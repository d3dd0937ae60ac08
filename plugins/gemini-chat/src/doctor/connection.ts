import type { SecureContextOptions } from 'node:tls'
import { classifyError } from '../engine/gemini/classify-error'
import { parseBaseUrl } from '../engine/gemini/endpoint'
import { EngineError } from '../engine/error'
import { parseProxy } from '../engine/gemini/proxy'
import { createTransport } from '../engine/gemini/transport'
import type { Transport } from '../engine/gemini/transport'
import { problem, ok } from './finding'
import type { Finding } from './finding'

export interface ConnectionOptions {
  baseUrl: string
  proxy?: string
  ca?: SecureContextOptions['ca']
  /** Milliseconds to wait. */
  timeoutMs: number
  signal: AbortSignal
  now(): number
}

/** What is wrong with a certificate, or with whoever stands between it and us. */
const CERTIFICATE = /certificate|self.signed|\((CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|ERR_TLS|ERR_SSL|EPROTO)/i

/** The way to Google, step by step, with no key: any answer at all will do. */
export async function* examineConnection(options: ConnectionOptions): AsyncGenerator<Finding, boolean> {
  let host: string
  let transport: Transport
  const { baseUrl, proxy, ca, timeoutMs, signal, now } = options
  let address: string
  try {
    address = parseBaseUrl(baseUrl).baseUrl
    host = new URL(address).host
  } catch (error) {
    yield problem('address', { reason: (error as Error).message }, 'protocol')
    return false
  }
  try {
    // What is behind the host of a proxy may be a password.
    const { protocol, host: via } = proxy ? parseProxy(proxy) : { protocol: '', host: '' }
    transport = createTransport({ proxy, ca })
    yield proxy ? ok('path-proxy', { host, proxy: `${protocol}//${via}` }) : ok('path-direct', { host })
  } catch (error) {
    yield problem('proxy', { reason: (error as Error).message }, 'proxy')
    return false
  }
  const begun = now()
  const timer = new AbortController()
  const timeout = setTimeout(() => {
    timer.abort(new EngineError('timeout', `no answer within ${timeoutMs} ms`))
  }, timeoutMs)
  const abort = () => timer.abort(new EngineError('aborted', 'the examination was aborted'))
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  try {
    const response = await transport(address, { signal: timer.signal })
    await response.body?.cancel()
    const ms = now() - begun
    if (proxy) yield ok('proxy-stands', { ms })
    yield address.startsWith('https:') ? ok('tls', { host, ms }) : ok('plain', { host, ms })
    return true
  } catch (cause) {
    const { kind, message } = classifyError(cause)
    if (kind === 'proxy') yield problem('proxy', { reason: message }, 'proxy')
    else if (CERTIFICATE.test(message)) yield problem('certificate', { host, reason: message }, 'certificate')
    else yield problem('unreachable', { host, reason: message }, proxy ? 'network-proxy' : 'network')
    return false
  } finally {
    clearTimeout(timeout)
    signal.removeEventListener('abort', abort)
    transport.dispose()
  }
}
