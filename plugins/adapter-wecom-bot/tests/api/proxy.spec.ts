import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import type { Proxy, Wecom } from 'testkit'
import { createHttpProxy, createSocks, createWecom } from 'testkit'
import { throughProxy } from '../../src/api/http'
import { ProxyError } from '../../src/api/proxy-error'
import type { Instance } from '../support/koishi'
import { startBot } from '../support/koishi'

describe('proxy for API calls', () => {
  let wecom: Wecom
  const open: { close(): Promise<unknown> }[] = []
  let instance: Instance | undefined

  before(async () => {
    wecom = await createWecom()
  })

  afterEach(async () => {
    await instance?.stop()
    instance = undefined
    for (const { close } of open.splice(0)) await close()
    wecom.webhooks.length = 0
  })

  after(() => wecom.close())

  async function keep(proxy: Promise<Proxy>) {
    open.push(await proxy)
    return proxy
  }

  async function start(proxy: string, apiEndpoint = wecom.origin) {
    instance = await startBot({ proxy, apiEndpoint, webhookKey: 'KEY-OF-THE-WEBHOOK' })
    return instance.bot
  }

  const auth = { username: 'us:er', password: 'p@ss/word' }
  const credentials = `${encodeURIComponent(auth.username)}:${encodeURIComponent(auth.password)}@`

  for (const scheme of ['socks5h', 'socks5', 'socks']) {
    it(`uses ${scheme}, and resolves names at the proxy`, async () => {
      const { port } = new URL(wecom.origin)
      const proxy = await keep(createSocks({ ...auth, hosts: { 'qyapi.wecom.example': '127.0.0.1' } }))
      const bot = await start(`${scheme}://${credentials}127.0.0.1:${proxy.port}`, `http://qyapi.wecom.example:${port}`)
      await bot.sendMessage('webhook', 'x')
      assert.equal(wecom.webhooks.length, 1)
      assert.deepEqual(proxy.connections.map(({ host }) => host), ['qyapi.wecom.example'])
    })
  }

  it('uses an HTTP proxy with credentials', async () => {
    const proxy = await keep(createHttpProxy(auth))
    const bot = await start(`http://${credentials}127.0.0.1:${proxy.port}`)
    await bot.sendMessage('webhook', 'x')
    assert.equal(wecom.webhooks.length, 1)
    assert.equal(proxy.connections.length, 1)
  })

  it('uploads through the proxy', async () => {
    const proxy = await keep(createSocks())
    const bot = await start(`socks5h://127.0.0.1:${proxy.port}`)
    await bot.sendMessage('webhook', '<file src="data:text/plain;base64,Y29udGVudA=="/>')
    assert.equal(wecom.uploads.at(-1)!.data.toString(), 'content')
    assert.equal(proxy.connections.length, 2)
  })

  for (const [name, create, scheme] of [
    ['a SOCKS proxy', () => createSocks(auth), 'socks5h'],
    ['an HTTP proxy', () => createHttpProxy(auth), 'http'],
  ] as const) {
    it(`is never bypassed if ${name} refuses the password`, async () => {
      const proxy = await keep(create())
      const bot = await start(`${scheme}://user:WRONG-PASSWORD@127.0.0.1:${proxy.port}`)
      await assert.rejects(bot.services.webhooks.forChannel('webhook')!.post('http://127.0.0.1:1/', {}), (error: ProxyError) => {
        assert.ok(error instanceof ProxyError)
        assert.equal(error.code, 'wecom-bot/proxy-failed')
        assert.equal(error.message.includes('WRONG-PASSWORD'), false)
        return true
      })
    })
  }

  it('is never bypassed if the proxy is down', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise(resolve => server.close(resolve))
    for (const scheme of ['socks5h', 'http', 'https']) {
      const bot = await start(`${scheme}://127.0.0.1:${port}`)
      await assert.rejects(bot.services.webhooks.forChannel('webhook')!.post(`${wecom.origin}/cgi-bin/webhook/send?key=K`, {}), {
        name: 'ProxyError',
        message: 'no connection through the proxy (ECONNREFUSED)',
      })
      await instance!.stop()
      instance = undefined
    }
    assert.equal(wecom.webhooks.length, 0)
  })

  it('closes its connections on dispose', async () => {
    const sockets = new Set<object>()
    const mute = createServer(socket => sockets.add(socket.resume().on('error', () => {}).on('close', () => sockets.delete(socket))))
    mute.listen(0, '127.0.0.1')
    await new Promise(resolve => mute.once('listening', resolve))
    const { port } = mute.address() as AddressInfo
    for (const scheme of ['socks5h', 'http']) {
      const bot = await start(`${scheme}://127.0.0.1:${port}`)
      const lost = assert.rejects(bot.services.webhooks.forChannel('webhook')!.post(wecom.origin, {}))
      while (!sockets.size) await new Promise(setImmediate)
      await instance!.stop()
      instance = undefined
      await lost
      while (sockets.size) await new Promise(setImmediate)
    }
    await new Promise(resolve => mute.close(resolve))
  })

  for (const address of [
    '127.0.0.1:1080', 'ftp://127.0.0.1', 'socks5h://', 'http://127.0.0.1:99999', 'http://127.0.0.1/path', 'http://%zz@127.0.0.1',
  ]) {
    it(`rejects the address ${address} at the start`, () => {
      assert.throws(() => throughProxy(address, new AbortController().signal), (error: ProxyError) => {
        assert.equal(error.code, 'wecom-bot/invalid-proxy')
        assert.match(error.message, /应写作 socks5h:\/\/.*write socks5h:\/\//)
        assert.equal(error.message.includes('127.0.0.1'), false)
        return true
      })
    })
  }
})
