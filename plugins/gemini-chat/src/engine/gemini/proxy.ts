import { once } from 'node:events'
import * as http from 'node:http'
import * as https from 'node:https'
import * as net from 'node:net'
import * as tls from 'node:tls'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { SocksClient } from 'socks'
import { SocksProxyAgent } from 'socks-proxy-agent'
import { classifyError } from './classify-error'
import { EngineError } from '../error'

/** A pool of connections, and a way to reach those that are not in it yet. */
export interface Connector {
  agent: http.Agent
  /** Gives up the way through the proxy for a request that is over. */
  abandon(request: http.ClientRequest): void
  /** Frees every socket. */
  destroy(): void
}

/** Milliseconds an unused connection is kept: long enough for a conversation, short of most gateways' patience. */
const KEEP_ALIVE_MS = 120_000

const SCHEMES = ['socks5h', 'socks5', 'socks', 'socks4a', 'socks4', 'http', 'https']

/**
 * Reads a proxy address. Names are always resolved at the proxy: `socks5` is taken for `socks5h`, `socks4` for
 * `socks4a`.
 * @throws {EngineError} of kind `proxy`; the message says what to write and repeats nothing of the address
 */
export function parseProxy(address: string): URL {
  const scheme = /^([a-z0-9]+):\/\//i.exec(address.trim())?.[1].toLowerCase()
  if (!scheme) throw malformed('缺少协议', 'has no scheme')
  if (!SCHEMES.includes(scheme)) throw malformed('的协议不受支持', 'has an unsupported scheme')
  let url: URL
  try {
    url = new URL(address.trim().replace(/^[^:]+/, scheme.replace(/^socks5?$/, 'socks5h').replace(/4$/, '4a')))
  } catch {
    throw malformed('无法解析', 'cannot be parsed')
  }
  if (!url.hostname) throw malformed('缺少主机', 'has no host')
  if (!/^\/?$/.test(url.pathname) || url.search || url.hash) {
    throw malformed('在端口之后还有内容', 'goes on after its port')
  }
  if ([url.username, url.password].some(part => credentialLength(part) > 255)) {
    throw malformed('中的用户名或密码编码有误或过长', 'has a user name or password that is badly encoded or too long')
  }
  return url
}

function malformed(zh: string, en: string) {
  return new EngineError('proxy', [
    `代理地址${zh}：应写作 socks5h://用户名:密码@主机:端口，也可用 http:// 或 https://，用户名和密码中的特殊字符须作百分号编码。`,
    `The proxy address ${en}: write socks5h://user:password@host:port, or http:// or https://,`,
    'with special characters in user name and password percent-encoded.',
  ].join(' '))
}

/** In bytes, as SOCKS counts them; Infinity where a `%` is not followed by what it should be. */
function credentialLength(text: string) {
  try {
    return Buffer.byteLength(decodeURIComponent(text))
  } catch {
    return Infinity
  }
}

/**
 * Makes a pool of kept-alive connections, direct or through a proxy.
 * @param secure whether the target speaks TLS
 */
export function createConnector(proxy: URL | undefined, secure: boolean, ca?: tls.SecureContextOptions['ca']): Connector {
  if (proxy) return proxy.protocol.startsWith('socks') ? throughSocks(proxy) : throughHttp(proxy, ca)
  const agent = new (secure ? https : http).Agent({ keepAlive: true, timeout: KEEP_ALIVE_MS })
  return { agent, abandon() {}, destroy: () => agent.destroy() }
}

type Target = Parameters<SocksProxyAgent['connect']>[1]
type Dial = (request: http.ClientRequest, target: Target, signal: AbortSignal) => Promise<net.Socket>

/**
 * The agent's own `connect` keeps its socket to itself until the proxy has answered: a request that is aborted before
 * that would leave it behind. So we open the socket and let the agent's SOCKS client speak on it.
 */
function throughSocks(url: URL): Connector {
  const agent = new SocksProxyAgent(url, { keepAlive: true })
  // Of an IPv6 address the agent keeps the brackets of the URL.
  const host = agent.proxy.host = agent.proxy.host!.replace(/^\[|\]$/g, '')
  return guard(agent, async (request, target, signal) => {
    const socket = net.connect({ host, port: agent.proxy.port, noDelay: true, signal })
    try {
      await once(socket, 'connect')
      await SocksClient.createConnection({
        proxy: agent.proxy,
        destination: { host: target.host!, port: Number(target.port) },
        command: 'connect',
        existing_socket: socket,
      })
    } catch (error) {
      socket.destroy()
      throw error
    }
    return target.secureEndpoint ? tls.connect({ ...target, path: undefined, socket }) : socket
  })
}

function throughHttp(url: URL, ca: tls.SecureContextOptions['ca']): Connector {
  const agent = new HttpsProxyAgent(url, { keepAlive: true, noDelay: true, ca })
  const connect = agent.connect.bind(agent)
  return guard(agent, async (request, target, signal) => {
    let status: number | undefined
    request.once('proxyConnect', ({ statusCode }) => status = statusCode)
    // Read before `connect` first waits, so that every socket has its own signal.
    agent.connectOpts = { ...agent.connectOpts, signal } as typeof agent.connectOpts
    const socket = await connect(request, target)
    if (status === 200) return socket
    socket.destroy()
    throw new EngineError('proxy', status === 407
      ? 'the HTTP proxy refuses the user name or password (407)'
      : `the HTTP proxy refuses the connection (${status})`, { status })
  })
}

/** Calls everything that fails before the tunnel stands a proxy error, and makes the way there interruptible. */
function guard(agent: SocksProxyAgent | HttpsProxyAgent<string>, dial: Dial): Connector {
  const dials = new Map<http.ClientRequest, AbortController>()
  agent.options.timeout = KEEP_ALIVE_MS
  agent.connect = async (request, target) => {
    const controller = new AbortController()
    if (request.destroyed) controller.abort()
    dials.set(request, controller)
    try {
      controller.signal.throwIfAborted()
      return await dial(request, target, controller.signal)
    } catch (error) {
      throw classifyError(error, { proxy: true })
    } finally {
      dials.delete(request)
    }
  }
  return {
    agent,
    abandon: request => dials.get(request)?.abort(),
    destroy() {
      for (const controller of dials.values()) controller.abort()
      agent.destroy()
    },
  }
}
