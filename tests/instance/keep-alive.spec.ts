import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:http'
import Server from '@koishijs/plugin-server'
import type { ForkScope } from 'koishi'
import { Context, HTTP } from 'koishi'
import { freePort } from 'testkit'
import * as keepAlive from '../../bin/instance/keep-alive'

/** How long nginx keeps an idle connection to a server, in seconds. */
const NGINX_KEEPALIVE_TIMEOUT = 60

describe('idle connections of proxies', () => {
  const agent = new Agent({ keepAlive: true })
  let app: Context
  let server: ForkScope
  let port: number

  before(async () => {
    port = await freePort()
    app = new Context()
    app.plugin(HTTP as never)
    server = app.plugin(Server, { host: '127.0.0.1', port })
    app.plugin(keepAlive)
    await app.start()
  })
  after(async () => {
    agent.destroy()
    server.dispose()
    await app.stop()
  })

  /** Seconds that the server keeps a connection, as it tells a client. */
  async function idleSeconds(): Promise<number> {
    const sent = request({ host: '127.0.0.1', port, agent }).end()
    const [response] = await once(sent, 'response') as [IncomingMessage]
    response.resume()
    await once(response, 'end')
    return Number(/^timeout=(\d+)$/.exec(String(response.headers['keep-alive']))?.[1])
  }

  it('are closed by the proxy and not by the server, which may receive a callback just then', async () => {
    assert.ok(await idleSeconds() > NGINX_KEEPALIVE_TIMEOUT)
  })

  it('are closed at once when the server is loaded again, and then kept as long', async () => {
    const socket = Object.values(agent.freeSockets).flat()[0]!
    const closed = once(socket, 'close')
    server.update({ host: '127.0.0.1', port }, true)
    await closed
    if (!app.server._http.listening) await once(app.server._http, 'listening')
    assert.ok(await idleSeconds() > NGINX_KEEPALIVE_TIMEOUT)
  })
})
