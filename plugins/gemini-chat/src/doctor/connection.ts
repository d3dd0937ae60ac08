import type { SecureContextOptions } from 'node:tls'
import { EngineError } from '../engine/error'
import { classifyFailure } from '../engine/http/failure'
import { parseBaseUrl } from '../engine/gemini/endpoint'
import { parseOpenAiBaseUrl } from '../engine/openai/endpoint'
import type { EngineType } from '../engine/types'
import { readProxy } from '../engine/http/connector'
import { createTransport } from '../engine/http/transport'
import type { Transport } from '../engine/http/transport'
import { ok } from './finding'
import { providerProblem } from './provider-problem'
import type { Finding } from './finding'

export interface ConnectionOptions {
  baseUrl: string
  /** The name of the provider; the default one unless given. */
  name?: string
  /** The dialect of the service; Gemini's by default. */
  type?: EngineType
  proxy?: string
  /** Certificates to trust instead of the usual ones. */
  ca?: SecureContextOptions['ca']
  timeoutMs: number
  signal: AbortSignal
  /** Monotonic, in milliseconds. */
  now(): number
}

/** Messages about a certificate, be it the server's own or that of a device that intercepts connections. */
const CERTIFICATE_ERROR = /certificate|self.signed|\((CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|ERR_TLS|ERR_SSL|EPROTO)/i

/**
 * Checks the path to the API step by step, without a key: any response at all proves it.
 * @returns whether the path works
 */
export async function* examineConnection(options: ConnectionOptions): AsyncGenerator<Finding, boolean> {
  const { proxy, ca } = options
  let address: string
  try {
    address = options.type === 'openai' ? parseOpenAiBaseUrl(options.baseUrl) : parseBaseUrl(options.baseUrl).baseUrl
  } catch (error) {
    yield providerProblem('address', { reason: (error as Error).message }, 'protocol', options)
    return false
  }
  const { host } = new URL(address)
  let transport: Transport
  try {
    // Only protocol and host are shown: the rest of the address may hold a password.
    const shown = proxy ? readProxy(proxy) : undefined
    transport = createTransport({ proxy, ca })
    yield shown ? ok('path-proxy', { host, proxy: `${shown.protocol}//${shown.host}` }) : ok('path-direct', { host })
  } catch (error) {
    yield providerProblem('proxy', { reason: (error as Error).message }, 'proxy', options)
    return false
  }
  try {
    const ms = await roundTrip(transport, address, options)
    if (proxy) yield ok('proxy-stands', { ms })
    yield address.startsWith('https:') ? ok('tls', { host, ms }) : ok('plain', { host, ms })
    return true
  } catch (error) {
    yield explain(error, host, options)
    return false
  } finally {
    transport.dispose()
  }
}

/** @returns the milliseconds until the response began */
async function roundTrip(transport: Transport, address: string, { timeoutMs, signal, now }: ConnectionOptions) {
  const startedAt = now()
  const controller = new AbortController()
  const timer = setTimeout(() => {
    controller.abort(new EngineError('timeout', `no response within ${timeoutMs} ms`))
  }, timeoutMs)
  const abort = () => controller.abort(new EngineError('aborted', 'the check was aborted'))
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  try {
    const response = await transport(address, { signal: controller.signal })
    await response.body?.cancel()
    return Math.round(now() - startedAt)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

function explain(error: unknown, host: string, options: ConnectionOptions): Finding {
  const { kind, message: reason } = classifyFailure(error)
  if (kind === 'proxy') return providerProblem('proxy', { reason }, 'proxy', options)
  if (CERTIFICATE_ERROR.test(reason)) return providerProblem('certificate', { host, reason }, 'certificate', options)
  return providerProblem('unreachable', { host, reason }, options.proxy ? 'network-proxy' : 'network', options)
}
