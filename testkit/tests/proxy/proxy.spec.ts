import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Agent } from 'node:https'
import { get } from 'node:https'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { SocksProxyAgent } from 'socks-proxy-agent'
import type { Gemini, Proxy, ProxyOptions } from '../../src'
import { createGemini, createHttpProxy, createSocks, scenarios } from '../../src'

const hosts = { 'gemini.test': '127.0.0.1' }

for (const [name, create] of [['socks', createSocks], ['http', createHttpProxy]] as const) {
  describe(`${name} proxy`, () => {
    let gemini: Gemini
    let proxy: Proxy
    let agent: Agent

    before(async () => {
      gemini = await createGemini({ tls: true, host: 'gemini.test' })
    })

    after(() => gemini.close())

    afterEach(async () => {
      agent.destroy()
      await proxy.close()
    })

    async function start(options?: ProxyOptions, url?: (proxy: Proxy) => string) {
      proxy = await create(options)
      const address = url?.(proxy) ?? proxy.url
      agent = name === 'socks'
        ? new SocksProxyAgent(address, { keepAlive: true })
        : new HttpsProxyAgent(address, { keepAlive: true }) as unknown as Agent
    }

    async function ask(origin = gemini.url) {
      const request = get(`${origin}/v1beta/models?key=KEY`, { agent, ca: gemini.ca })
      const [response] = await once(request, 'response') as [IncomingMessage]
      // A reset after the head is also reported by the request.
      request.on('error', () => {})
      return JSON.parse(await text(response)).models.length
    }

    it('resolves configured host names', async () => {
      await start({ hosts })
      assert.equal(await ask(), 4)
      assert.deepEqual(proxy.connections, [
        { host: 'gemini.test', port: gemini.port, addressType: 'domain', closed: false },
      ])
    })

    it('redirects a host name to another port', async () => {
      await start({ hosts: { 'gemini.test': `127.0.0.1:${gemini.port}` } })
      assert.equal(await ask('https://gemini.test'), 4)
      assert.equal(proxy.connections[0].port, 443)
    })

    it('rejects unknown host names', async () => {
      await start()
      await assert.rejects(ask())
      assert.equal(proxy.connections[0].closed, true)
    })

    it('accepts valid credentials', async () => {
      await start({ hosts, username: 'me', password: 'p@ss:word' })
      assert.match(proxy.url, /:\/\/me:p%40ss%3Aword@127\.0\.0\.1:/)
      assert.equal(await ask(), 4)
      assert.equal(proxy.refused, 0)
    })

    it('rejects a wrong password', async () => {
      await start({ hosts, username: 'me', password: 'right' }, proxy => proxy.url.replace('right', 'wrong'))
      await assert.rejects(ask())
      assert.equal(proxy.refused, 1)
      assert.deepEqual(proxy.connections, [])
    })

    it('rejects missing credentials', async () => {
      await start({ hosts, username: 'me', password: 'right' }, proxy => proxy.url.replace('me:right@', ''))
      await assert.rejects(ask())
      assert.equal(proxy.refused, 1)
    })

    it('fails the given number of connections', async () => {
      await start({ hosts })
      proxy.refuse(1)
      await assert.rejects(ask())
      assert.equal(await ask(), 4)
    })

    it('keeps connections open and can reset them', async () => {
      await start({ hosts })
      await ask()
      await ask()
      assert.equal(proxy.connections.length, 1)
      assert.equal(proxy.open(), 1)
      gemini.respondTo('models', scenarios.stalled('a'))
      const cut = assert.rejects(ask())
      while (gemini.requests.at(-1)!.finished || !gemini.requests.at(-1)!.action) await new Promise(setImmediate)
      await new Promise(resolve => setTimeout(resolve, 20))
      proxy.kill()
      await cut
      while (proxy.open() || !proxy.connections[0].closed) await new Promise(setImmediate)
      gemini.respondTo('models')
    })

    it('simulates the given round trip', async () => {
      await start({ hosts, delay: 20 })
      const began = performance.now()
      await ask()
      const cold = performance.now() - began
      let warm = Infinity
      for (let times = 0; times < 5; times++) {
        const start = performance.now()
        await ask()
        warm = Math.min(warm, performance.now() - start)
      }
      const trips = name === 'socks' ? 5 : 4
      assert(cold >= trips * 20 - 2, `${cold}`)
      assert(warm >= 18 && warm < cold, `${warm}`)
    })
  })
}

describe('http proxy', () => {
  it('can accept TLS connections', async () => {
    const gemini = await createGemini({ tls: true })
    const proxy = await createHttpProxy({ tls: true })
    const agent = new HttpsProxyAgent(proxy.url, { ca: proxy.ca })
    try {
      const [response] = await once(get(`${gemini.url}/v1beta/models?key=KEY`, { agent, ca: gemini.ca }), 'response')
      assert.equal(response.statusCode, 200)
      response.destroy()
    } finally {
      agent.destroy()
      await proxy.close()
      await gemini.close()
    }
  })
})

describe('socks proxy', () => {
  /** Sends packets. @returns the response to the last one in hex */
  async function raw(proxy: Proxy, ...packets: number[][]) {
    const socket = connect(proxy.port, '127.0.0.1')
    let answer = ''
    for (const packet of packets) {
      socket.write(Buffer.from(packet))
      const [bytes] = await once(socket, 'data')
      answer = bytes.toString('hex')
    }
    socket.destroy()
    return answer
  }

  it('implements RFC 1928', async () => {
    const proxy = await createSocks()
    const secret = await createSocks({ username: 'a', password: 'b' })
    try {
      assert.equal(await raw(proxy, [5, 1, 0]), '0500')
      assert.equal(await raw(proxy, [5, 1, 2]), '05ff')
      assert.equal(await raw(proxy, [5, 1, 0], [5, 2, 0, 1, 127, 0, 0, 1, 0, 80]), '05070001000000000000')
      assert.equal(await raw(proxy, [5, 1, 0], [5, 1, 0, 9]), '05080001000000000000')
      assert.equal(await raw(proxy, [5, 1, 0], [5, 1, 0, 3, 1, 120, 0, 80]), '05040001000000000000')
      assert.equal(await raw(proxy, [5, 1, 0], [5, 1, 0, 1, 127, 0, 0, 1, 0, 1]), '05050001000000000000')
      assert.equal(await raw(proxy, [5, 1, 0], [5, 1, 0, 4, ...Array(15).fill(0), 1, 0, 1]), '05050001000000000000')
      assert.equal(await raw(secret, [5, 2, 0, 2], [1, 1, 97, 1, 98]), '0100')
      assert.equal(await raw(secret, [5, 2, 0, 2], [1, 1, 97, 1, 99]), '0101')
      assert.equal(secret.refused, 1)
      assert.deepEqual(proxy.connections.map(({ addressType }) => addressType), ['domain', 'ipv4', 'ipv6'])
    } finally {
      await proxy.close()
      await secret.close()
    }
  })
})
