import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { createCertificate } from '../certificate'
import type { Proxy, ProxyOptions, Tunnels } from './tunnel'
import { startProxy, splice } from './tunnel'

export interface HttpProxyOptions extends ProxyOptions {
  /** Accepts TLS connections with a generated certificate; clients trust it by `proxy.ca`. */
  tls?: boolean
}

/**
 * An HTTP proxy that supports `CONNECT` with basic credentials only.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-connect
 */
export async function createHttpProxy(options: HttpProxyOptions = {}): Promise<Proxy & { ca?: string }> {
  const { username, password = '' } = options
  const expected = username === undefined
    ? undefined
    : `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  let tunnels: Tunnels

  const parser = createHttpServer((_, response) => response.writeHead(405, { connection: 'close' }).end())
  parser.on('connect', async (request, client, head) => {
    const reject = (status: string) => client.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
    client.on('error', () => {})
    if (expected && request.headers['proxy-authorization'] !== expected) {
      tunnels.deny()
      return reject('407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="proxy"')
    }
    const [, host, port] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(request.url!) ?? []
    if (!host) return reject('400 Bad Request')
    try {
      const upstream = await tunnels.open(host, +port)
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      if (head.length) upstream.write(head)
      splice(client, upstream)
    } catch {
      reject('502 Bad Gateway')
    }
  })

  const certificate = options.tls ? createCertificate(['localhost', '127.0.0.1']) : undefined
  const server = certificate
    ? createTlsServer({ ...certificate, allowHalfOpen: true })
    : createServer({ allowHalfOpen: true })
  const scheme = certificate ? 'https' : 'http'
  const proxy = await startProxy(scheme, server, certificate ? 'secureConnection' : 'connection', options, (client, given) => {
    tunnels = given
    parser.emit('connection', client)
  })
  return Object.assign(proxy, { ca: certificate?.cert })
}
