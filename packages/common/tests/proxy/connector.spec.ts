import assert from 'node:assert/strict'
import { createServer, request as httpRequest } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { createHttpProxy, createSocks } from 'testkit'
import type { Proxy } from 'testkit'
import { until } from 'common/testing'
import { createProxyConnector, parseProxy } from 'common/proxy'
import type { ProxyConnector, ProxyConnectorOptions, ProxyError } from 'common/proxy'

const credentials = { username: 'me@corp', password: 'p:ss/w#rd %' }
const hosts = { 'target.test': '127.0.0.1' }

async function listen(server: { listen(port: number, host: string, done: () => void): unknown, address(): unknown }) {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

for (const [name, createProxy] of Object.entries({ SOCKS5: createSocks, HTTP: createHttpProxy })) {
  describe(`createProxyConnector with a ${name} proxy`, () => {
    let target: Server
    let port: number
    let proxy: Proxy
    const connectors: ProxyConnector[] = []

    before(async () => {
      target = createServer((_, response) => response.end('hello'))
      port = await listen(target)
    })

    after(() => target.close())

    beforeEach(async () => {
      proxy = await createProxy({ ...credentials, hosts })
    })

    afterEach(async () => {
      for (const connector of connectors.splice(0)) connector.destroy()
      await proxy.close()
    })

    function open(address = proxy.url, options?: ProxyConnectorOptions) {
      const connector = createProxyConnector(parseProxy(address), options)
      connectors.push(connector)
      return connector
    }

    function send({ agent }: ProxyConnector, host = 'target.test') {
      return new Promise<string>((resolve, reject) => {
        httpRequest(`http://${host}:${port}/`, { agent }, (response) => {
          response.on('end', () => resolve('done')).resume()
        }).on('error', reject).end()
      })
    }

    const fails = (code: string) => (error: ProxyError) => {
      assert.deepEqual([error.name, error.code], ['ProxyError', `proxy/${code}`])
      assert.doesNotMatch(error.message, /127\.0\.0\.1|p%3Ass|hunter2/)
      return true
    }

    it('has the name of the target resolved at the proxy', async () => {
      await send(open())
      assert.deepEqual(proxy.connections.map(({ host }) => host), ['target.test'])
    })

    it('keeps connections only where that is wanted', async () => {
      const [kept, single] = [open(proxy.url, { keepAliveMs: 60_000 }), open()]
      for (let count = 0; count < 3; count++) await send(kept)
      assert.equal(proxy.connections.length, 1)
      for (let count = 0; count < 3; count++) await send(single)
      assert.equal(proxy.connections.length, 4)
    })

    it('fails with the code of what went wrong', async () => {
      const wrong = open(proxy.url.replace(/:[^:@/]*@/, ':hunter2@'))
      await assert.rejects(send(wrong), fails(name === 'HTTP' ? 'credentials-refused' : 'unreachable'))
      proxy.refuse()
      await assert.rejects(send(open()), fails(name === 'HTTP' ? 'connection-refused' : 'unreachable'))
      await proxy.close()
      await assert.rejects(send(open()), (error: ProxyError) => {
        assert.equal(error.message, 'no connection through the proxy (ECONNREFUSED)')
        assert.match(String(error.cause), /ECONNREFUSED/)
        return fails('unreachable')(error)
      })
    })

    it('closes the socket to a proxy that does not answer when its request is abandoned', async () => {
      const sockets = new Set<Socket>()
      const mute = createTcpServer((socket) => {
        sockets.add(socket.once('close', () => sockets.delete(socket)).on('error', () => {}).resume())
      })
      const { protocol } = new URL(proxy.url)
      const connector = open(`${protocol}//127.0.0.1:${await listen(mute)}`)
      const request = httpRequest('http://target.test/', { agent: connector.agent }).on('error', () => {})
      request.end()
      await until(() => sockets.size === 1)
      request.destroy()
      connector.abandon(request)
      await until(() => sockets.size === 0)
      const other = httpRequest('http://target.test/', { agent: connector.agent }).on('error', () => {})
      other.end()
      await until(() => sockets.size === 1)
      connector.destroy()
      await until(() => sockets.size === 0)
      await new Promise(resolve => mute.close(resolve))
    })
  })
}
