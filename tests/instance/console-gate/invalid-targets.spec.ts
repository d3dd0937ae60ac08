import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import Server from '@koishijs/plugin-server'
import type { ForkScope } from 'koishi'
import { Context, HTTP } from 'koishi'
import { freePort } from 'testkit'
import * as consoleGate from '../../../bin/instance/console-gate'

const INVALID = ['http://[::/api/wecom/callback?a=1', 'http://[::1', 'http://a b:c/', 'http://a^b/']

describe('requests for what is no URL', () => {
  let app: Context
  let server: ForkScope
  let port: number

  before(async () => {
    app = new Context()
    port = await freePort()
    app.plugin(HTTP as never)
    server = app.plugin(Server, { host: '127.0.0.1', port })
    app.plugin(consoleGate, { password: 'correct horse', uiPath: '/console', announce() {} })
    app.inject(['server'], ({ server }) => {
      server.get('/(.*)', (koa) => { koa.body = 'open' })
      server.ws('/socket', socket => socket.close())
    })
    await app.start()
  })
  after(async () => {
    server.dispose()
    await app.stop()
  })

  /** What the server answers until it closes the connection. */
  function send(target: string, headers = ''): Promise<string> {
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n${headers}Connection: ${headers ? 'Upgrade' : 'close'}\r\n\r\n`)
    return text(socket)
  }
  const upgrade = 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

  for (const target of INVALID) {
    // An exception in a listener of the server would end the process.
    it(`are answered, and do not end the process: ${target}`, async () => {
      assert.match(await send(target), /^HTTP\/1\.1 4\d\d /)
      assert.match(await send(target, upgrade), /^HTTP\/1\.1 4\d\d /)
      const expecting = await send(target, 'Expect: 100-continue\r\nContent-Length: 1\r\n')
      assert.match(expecting, /^(HTTP\/1\.1 100 Continue\r\n\r\n)?HTTP\/1\.1 4\d\d /)
    })
  }

  it('are told from those for a whole URL, which proxies may send', async () => {
    assert.match(await send('http://localhost/page?a=1'), /^HTTP\/1\.1 200 OK\r\n[^]*open$/)
    assert.match(await send('http://localhost:99999/console/login?token=%'), /^HTTP\/1\.1 200 OK\r\n[^]*<form/)
  })
})
