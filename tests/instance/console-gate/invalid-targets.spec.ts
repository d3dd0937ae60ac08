import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import * as consoleGate from '../../../bin/instance/console-gate'
import { KoishiServer } from '../../support/koishi-server'

const INVALID = ['http://[::/api/wecom/callback?a=1', 'http://[::1', 'http://a b:c/', 'http://a^b/']

describe('requests for what is no URL', () => {
  let server: KoishiServer

  before(async () => {
    server = await KoishiServer.start((app) => {
      app.plugin(consoleGate, { password: 'correct horse', uiPath: '/console', announce() {} })
      app.inject(['server'], ({ server }) => {
        server.get('/(.*)', (koa) => { koa.body = 'open' })
        server.ws('/socket', socket => socket.close())
      })
    })
  })
  after(() => server.stop())

  /** What the server answers until it closes the connection. */
  function send(target: string, headers = ''): Promise<string> {
    const socket = connect(server.port, '127.0.0.1')
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
