import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import * as keepAlive from '../../bin/instance/keep-alive'
import { KoishiServer } from '../support/koishi-server'

/** How long Caddy keeps an idle connection to a server, in seconds; others less. */
const LONGEST_OF_PROXIES = 120

describe('idle connections of proxies', () => {
  const agent = new Agent({ keepAlive: true })
  let server: KoishiServer

  before(async () => {
    server = await KoishiServer.start(app => app.plugin(keepAlive))
  })
  after(async () => {
    agent.destroy()
    await server.stop()
  })

  /** Seconds that the server keeps a connection, as it tells a client. */
  async function idleSeconds(): Promise<number> {
    const sent = request({ host: '127.0.0.1', port: server.port, agent }).end()
    const [response] = await once(sent, 'response') as [IncomingMessage]
    response.resume()
    await once(response, 'end')
    return Number(/^timeout=(\d+)$/.exec(String(response.headers['keep-alive']))?.[1])
  }

  it('are closed by the proxy and not by the server, which may receive a callback just then', async () => {
    assert.ok(await idleSeconds() > LONGEST_OF_PROXIES)
  })

  it('are closed at once when the server is loaded again, and then kept as long', async () => {
    const socket = Object.values(agent.freeSockets).flat()[0]!
    const closed = once(socket, 'close')
    server.reload()
    await closed
    if (!server.app.server._http.listening) await once(server.app.server._http, 'listening')
    assert.ok(await idleSeconds() > LONGEST_OF_PROXIES)
  })

  it('are closed soon where a request was under way meanwhile: the server that is gone has no routes for the next', async () => {
    let release!: () => void
    const released = new Promise<void>(resolve => release = resolve)
    const asked = new Promise<void>((resolve) => {
      server.app.server.get('/slow', async (koa) => {
        resolve()
        await released
        koa.body = 'done'
      })
    })
    const socket = connect(server.port, '127.0.0.1')
    socket.write('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await asked
    server.reload()
    release()
    await once(socket, 'data')
    socket.write('GET /next HTTP/1.1\r\nHost: localhost\r\n\r\n')
    assert.match(await text(socket), /^HTTP\/1\.1 404 Not Found\r\n[^]*connection: close\r\n/i)
  })
})
