import { once } from 'node:events'
import type { Agent } from 'node:http'
import { connect } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { SocksClient } from 'socks'
import { SocksProxyAgent } from 'socks-proxy-agent'
import { ProxyError } from './proxy-error'

const SCHEMES = ['socks5h', 'socks5', 'socks', 'socks4a', 'socks4', 'http', 'https']

/**
 * Reads the address of a proxy. Names are always resolved at the proxy: `socks5` is taken for `socks5h`, `socks4` for
 * `socks4a`.
 * @throws {ProxyError} saying what is wrong and what to write
 */
export function parseProxy(address: string): URL {
  const scheme = /^([a-z0-9]+):\/\//i.exec(address.trim())?.[1].toLowerCase()
  if (!scheme) throw malformed('缺少协议', 'has no scheme')
  if (!SCHEMES.includes(scheme)) throw malformed('的协议不受支持', 'has an unsupported scheme')
  const remote = scheme.replace(/^socks5?$/, 'socks5h').replace(/^socks4$/, 'socks4a')
  const source = address.trim().replace(/^[^:]+/, remote)
  if (!URL.canParse(source)) throw malformed('无法解析', 'cannot be parsed')
  const url = new URL(source)
  if (!url.hostname) throw malformed('缺少主机', 'has no host')
  if (!/^\/?$/.test(url.pathname) || url.search || url.hash) throw malformed('在端口之后还有内容', 'goes on after its port')
  if (![url.username, url.password].every(isDecodable)) {
    throw malformed('中的用户名或密码编码有误', 'has a user name or password that is badly encoded')
  }
  return url
}

function malformed(zh: string, en: string) {
  return new ProxyError('wecom-bot/invalid-proxy', [
    `代理地址${zh}：应写作 socks5h://用户名:密码@主机:端口，也可用 http:// 或 https://，用户名和密码中的特殊字符须作百分号编码。`,
    `The proxy address ${en}: write socks5h://user:password@host:port, or http:// or https://,`,
    'with special characters in user name and password percent-encoded.',
  ].join(' '))
}

function isDecodable(text: string) {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/**
 * An agent for one request: whatever it has opened goes when the signal aborts.
 * @param patience milliseconds a SOCKS proxy may take to let us through
 */
export function createAgent(proxy: URL, signal: AbortSignal, patience: number): Agent {
  if (!proxy.protocol.startsWith('socks')) return new HttpsProxyAgent(proxy, { signal } as object)
  const agent = new SocksProxyAgent(proxy)
  // The agent's own `connect` keeps its socket to itself until the proxy has answered, and knows no signal.
  agent.connect = async (_, target) => {
    const { host, port } = agent.proxy
    const socket = connect({ host: host!.replace(/^\[|\]$/g, ''), port, signal })
    try {
      await once(socket, 'connect')
      await SocksClient.createConnection({
        proxy: { ...agent.proxy, userId: agent.proxy.userId, password: agent.proxy.password },
        destination: { host: target.host!, port: Number(target.port) },
        command: 'connect',
        timeout: patience,
        existing_socket: socket,
      })
    } catch (error) {
      socket.destroy()
      throw error
    }
    return target.secureEndpoint ? tlsConnect({ ...target, path: undefined, socket }) : socket
  }
  return agent
}
