import assert from 'node:assert'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { until } from 'common/testing'
import type { Gemini, Proxy } from 'testkit'
import { createGemini, createHttpProxy, createSocks, scenarios } from 'testkit'
import { createGeminiEngine } from '../../../src/engine/gemini'
import type { Engine } from '../../../src/engine/types'
import { engineOptions, collect, limits } from '../../support/gemini-engine'

describe('a proxy address', () => {
  for (const [name, address] of Object.entries({
    'no scheme': 'hunter2@127.0.0.1:1080',
    'a scheme that is no proxy': 'ftp://me:hunter2@127.0.0.1:1080',
    'no host': 'socks5://',
    'a port that is none': 'socks5://me:hunter2@127.0.0.1:99999',
    'a password with a #': 'socks5://me:hunter2#@127.0.0.1:1080',
    'a password with a /': 'http://me:hunter2/@127.0.0.1:1080',
    'a password with a stray %': 'socks5://me:hunter2%@127.0.0.1:1080',
    'a password too long for SOCKS': `socks5://me:hunter2${'x'.repeat(255)}@127.0.0.1:1080`,
    'a path': 'socks5://me:hunter2@127.0.0.1:1080/path',
  })) {
    it(`with ${name} is refused at once, without repeating it`, () => {
      assert.throws(() => createGeminiEngine({ ...limits, proxy: address }), (error: Error & { kind?: string }) => {
        assert.equal(error.kind, 'proxy')
        assert.match(error.message, /应写作 socks5h:\/\/用户名:密码@主机:端口.*write socks5h:\/\/user:password@host:port/)
        assert.ok(!error.message.includes('hunter2'))
        return true
      })
    })
  }
})

describe('a proxy address by IP', () => {
  it('may be IPv6', async () => {
    for (const scheme of ['socks5', 'http']) {
      const engine = createGeminiEngine({ ...limits, proxy: `${scheme}://[::1]:9` })
      const { error } = await collect(engine)
      assert.equal(error?.kind, 'proxy')
      assert.match(error!.message, /connect E\w+ ::1:9/)
      engine.dispose()
    }
  })
})

// Only the proxy can resolve this name, so reaching it proves that the proxy did.
const host = 'gemini.test'
const hosts = { [host]: '127.0.0.1' }
const credentials = { username: 'me@corp', password: 'p:ss/w#rd %' }

const kinds = {
  'a SOCKS5 proxy': createSocks,
  'an HTTP proxy': createHttpProxy,
  'an HTTPS proxy': (options: object) => createHttpProxy({ ...options, tls: true }),
}

for (const [name, createProxy] of Object.entries(kinds)) {
  for (const tls of [true, false]) {
    describe(`through ${name}, ${tls ? 'HTTPS' : 'HTTP'}`, () => {
      let gemini: Gemini
      let proxy: Proxy & { ca?: string }
      let engine: Engine
      let ca: string[]

      beforeEach(async () => {
        gemini = await createGemini({ tls, host })
        proxy = await createProxy({ ...credentials, hosts })
        ca = [gemini.ca, proxy.ca].flatMap(cert => cert ?? [])
        engine = createGeminiEngine({ ...limits, baseUrl: gemini.url, proxy: proxy.url, ca })
      })

      afterEach(async () => {
        engine.dispose()
        await proxy.close()
        await gemini.close()
      })

      it('resolves the name at the proxy', async () => {
        const { text, error } = await collect(engine)
        assert.equal(error, undefined)
        assert.equal(text, '你问的是：你好。')
        assert.deepEqual(proxy.connections, [{ host, port: gemini.port, addressType: 'domain', closed: false }])
      })

      it('keeps the connection', async () => {
        for (let i = 0; i < 5; i++) await collect(engine)
        await engine.models(engineOptions())
        assert.equal(gemini.requests.length, 6)
        assert.equal(gemini.accepted(), 1)
        assert.equal(proxy.connections.length, 1)
      })

      it('uses one connection per concurrent request', async () => {
        gemini.respond({ ...scenarios.text('a', 'b'), gap: 20 })
        const outcomes = await Promise.all([1, 2, 3].map(() => collect(engine)))
        assert.deepEqual(outcomes.map(({ text }) => text), ['ab', 'ab', 'ab'])
        assert.equal(proxy.connections.length, 3)
      })

      it('closes both connections when aborted', async () => {
        gemini.respond(scenarios.stalled('a'))
        const controller = new AbortController()
        const { error } = await collect(engine, {}, { signal: controller.signal }, () => controller.abort())
        assert.equal(error?.kind, 'aborted')
        await until(() => proxy.connections[0].closed && proxy.open() === 0 && gemini.connections() === 0)
      })

      it('frees every socket when disposed', async () => {
        await collect(engine)
        gemini.respond(scenarios.stalled('a'))
        const pending = collect(engine)
        await until(() => gemini.requests.length === 2)
        await new Promise(resolve => setTimeout(resolve, 20))
        engine.dispose()
        assert.equal((await pending).error?.kind, 'aborted')
        await until(() => proxy.open() === 0 && gemini.connections() === 0)
      })

      it('reports wrong credentials as a proxy error', async () => {
        const wrong = proxy.url.replace(/:[^:@/]*@/, ':hunter2@')
        const other = createGeminiEngine({ ...limits, baseUrl: gemini.url, proxy: wrong, ca })
        const { error } = await collect(other)
        assert.deepEqual([error?.kind, error?.retryable], ['proxy', false])
        assert.ok(!error?.message.includes('hunter2'))
        assert.equal(proxy.refused, 1)
        assert.equal(gemini.accepted(), 0)
        other.dispose()
      })

      it('reports an unreachable target as a proxy error', async () => {
        proxy.refuse()
        assert.equal((await collect(engine)).error?.kind, 'proxy')
        assert.equal(gemini.accepted(), 0)
      })

      it('reports a proxy that is down, and sends nothing around it', async () => {
        await collect(engine)
        await proxy.close()
        const direct = createGeminiEngine({
          ...limits, baseUrl: gemini.url.replace(host, 'localhost'), proxy: proxy.url, ca,
        })
        assert.equal((await collect(direct)).error?.kind, 'proxy')
        await assert.rejects(direct.models(engineOptions()), { kind: 'proxy' })
        assert.equal((await collect(engine)).error?.kind, 'proxy')
        assert.equal(gemini.accepted(), 1)
        direct.dispose()
      })

      it('reports dropped connections as a network error, and recovers', async () => {
        gemini.respond(scenarios.stalled('a'), scenarios.text('b'))
        const { text, error } = await collect(engine, {}, {}, (event) => {
          if (event.type === 'text') proxy.kill()
        })
        assert.deepEqual([text, error?.kind], ['a', 'network'])
        assert.equal((await collect(engine)).text, 'b')
      })
    })
  }
}

describe('a proxy that accepts and does not respond', () => {
  let server: Server
  const sockets = new Set<Socket>()

  before(async () => {
    server = createServer((socket) => {
      socket.on('error', () => {})
      sockets.add(socket.once('close', () => sockets.delete(socket)).resume())
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  })

  after(() => server.close())

  for (const scheme of ['socks5h', 'socks4', 'http']) {
    const create = (firstByteTimeout = 60_000) => createGeminiEngine({
      ...limits, firstByteTimeout, proxy: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    })

    it(`is closed when the request is aborted (${scheme})`, async () => {
      const engine = create()
      const controller = new AbortController()
      const pending = collect(engine, {}, { signal: controller.signal })
      await until(() => sockets.size === 1)
      controller.abort()
      assert.equal((await pending).error?.kind, 'aborted')
      await until(() => sockets.size === 0)
      engine.dispose()
    })

    it(`is closed when the engine is disposed (${scheme})`, async () => {
      const engine = create()
      const pending = collect(engine)
      await until(() => sockets.size === 1)
      engine.dispose()
      assert.equal((await pending).error?.kind, 'aborted')
      await until(() => sockets.size === 0)
    })

    it(`is closed when the first byte is late (${scheme})`, async () => {
      const engine = create(50)
      const { error } = await collect(engine)
      assert.deepEqual([error?.kind, error?.reason], ['timeout', 'first-byte'])
      await until(() => sockets.size === 0)
      engine.dispose()
    })
  }
})
