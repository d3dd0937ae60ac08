import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DownloadError, guardedDownload } from 'common/net'
import type { DownloadOptions } from 'common/net'
import { FakeClock, settle } from 'common/testing'

describe('guardedDownload', () => {
  let server: Server
  let port: number
  let handle: RequestListener
  let requests: string[]
  const controller = () => new AbortController()

  before(async () => {
    server = createServer((request, response) => {
      requests.push(`${request.headers.host} ${request.url}`)
      handle(request, response)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })

  beforeEach(() => {
    requests = []
    handle = (_, response) => response.end('hello')
  })

  after(() => {
    server.closeAllConnections()
    server.close()
  })

  const load = async (address: string, options: Partial<DownloadOptions> = {}) => {
    const url = new URL(address.replace('PORT', `${port}`))
    const { data } = await guardedDownload(url, { limitBytes: 100, signal: controller().signal, ...options })
    return String(data)
  }
  const trusted = () => ({ trusted: [`127.0.0.1:${port}`] })
  const fails = (code: string, message: RegExp) => (error: unknown) => {
    assert.ok(error instanceof DownloadError, String(error))
    assert.equal(error.code, `download/${code}`)
    assert.match(error.message, message)
    assert.doesNotMatch(error.message, /127\.0\.0\.1|:\/\/|secret/)
    return true
  }

  it('returns the bytes', async () => {
    assert.equal(await load('http://127.0.0.1:PORT/a', trusted()), 'hello')
    assert.equal(await load('http://127.0.0.1:PORT/a', { trusted: ['127.0.0.1'] }), 'hello')
  })

  describe('keeps out of private networks', () => {
    it('refuses an address, however it is written', async () => {
      for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '0177.0.0.1', '127.1', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254']) {
        await assert.rejects(load(`http://${host}:PORT/`), fails('private-address', /private network/))
      }
      assert.deepEqual(requests, [])
    })

    it('refuses a name with a private address', async () => {
      await assert.rejects(load('http://localhost:PORT/'), fails('private-address', /private network/))
      const resolve: DownloadOptions['resolve'] = (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }])
      await assert.rejects(load('http://innocent.example:PORT/', { resolve }), fails('private-address', /private network/))
      assert.deepEqual(requests, [])
    })

    it('looks a name up once, so that it cannot change its address', async () => {
      let lookups = 0
      const resolve: DownloadOptions['resolve'] = (_, __, done) => {
        const answers: LookupAddress[][] = [[{ address: '192.0.2.1', family: 4 }], [{ address: '127.0.0.1', family: 4 }]]
        done(null, answers[Math.min(lookups++, 1)])
      }
      await assert.rejects(load('http://rebind.example:PORT/', { resolve }), fails('private-address', /private network/))
      assert.equal(lookups, 1)
      assert.deepEqual(requests, [])
    })

    it('refuses a redirect into one', async () => {
      handle = (_, response) => response.writeHead(302, { location: `http://localhost:${port}/secret` }).end()
      await assert.rejects(load('http://127.0.0.1:PORT/', trusted()), fails('private-address', /private network/))
      assert.equal(requests.length, 1)
    })

    it('trusts a host on the port given only', async () => {
      await assert.rejects(load('http://127.0.0.1:PORT/', { trusted: ['127.0.0.1:1'] }), fails('private-address', /private/))
    })
  })

  it('follows up to three redirects within the web', async () => {
    handle = ({ url }, response) => {
      if (url === '/b') response.end('there')
      else response.writeHead(301, { location: url === '/a' ? '/b' : url! }).end()
    }
    assert.equal(await load('http://127.0.0.1:PORT/a', trusted()), 'there')
    await assert.rejects(load('http://127.0.0.1:PORT/c', trusted()), fails('too-many-redirects', /too many redirects/))
    assert.equal(requests.filter(request => request.endsWith('/c')).length, 4)
    handle = (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end()
    await assert.rejects(load('http://127.0.0.1:PORT/', trusted()), fails('not-web', /non-HTTP/))
  })

  it('takes no more bytes than the limit, whatever the server says of the length', async () => {
    handle = (_, response) => response.end('x'.repeat(101))
    await assert.rejects(load('http://127.0.0.1:PORT/', trusted()), fails('too-large', /larger than 100 bytes/))
    handle = (_, response) => {
      for (let i = 0; i < 11; i++) response.write('0123456789')
    }
    await assert.rejects(load('http://127.0.0.1:PORT/', trusted()), fails('too-large', /larger than 100 bytes/))
  })

  it('says why it failed', async () => {
    handle = (_, response) => response.writeHead(404).end()
    await assert.rejects(load('http://127.0.0.1:PORT/', trusted()), fails('refused', /answers 404/))
    handle = ({ socket }) => void socket.destroy()
    await assert.rejects(load('http://127.0.0.1:PORT/', trusted()), fails('network', /cannot be loaded/))
  })

  it('ends and closes the connection when its signal aborts', async () => {
    const { signal, abort } = (() => {
      const one = controller()
      return { signal: one.signal, abort: () => one.abort(new Error('enough')) }
    })()
    const closed = new Promise<void>((resolve) => {
      handle = (request, response) => {
        request.socket.on('close', () => resolve())
        response.write('half')
        setImmediate(abort)
      }
    })
    await assert.rejects(load('http://127.0.0.1:PORT/', { ...trusted(), signal }), /enough/)
    await closed
  })

  it('gives up a body that takes longer than five minutes', async () => {
    const clock = new FakeClock()
    const closed = new Promise<void>((resolve) => {
      handle = (request, response) => {
        request.socket.on('close', () => resolve())
        response.write('one')
      }
    })
    const download = assert.rejects(load('http://127.0.0.1:PORT/', { ...trusted(), clock }), fails('too-slow', /too long/))
    while (!requests.length || clock.pending !== 1) await settle()
    await new Promise(resolve => setTimeout(resolve, 20))
    await clock.advance(5 * 60_000)
    await download
    await closed
    assert.equal(clock.pending, 0)
  })

  it('gives up a head that takes longer than 20 seconds', async () => {
    const clock = new FakeClock()
    handle = ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\n')
    const download = assert.rejects(load('http://127.0.0.1:PORT/', { ...trusted(), clock }), fails('network', /cannot be loaded/))
    while (!requests.length) await settle()
    await clock.advance(20_000)
    await download
    assert.equal(clock.pending, 0)
  })

  it('does not take a body that breaks off for the whole', async () => {
    handle = ({ socket }, response) => {
      response.writeHead(200, { 'content-length': 50 })
      response.write('half', () => socket.destroy())
    }
    await assert.rejects(load('http://127.0.0.1:PORT/', trusted()), fails('network', /cannot be loaded|connection broke/))
  })

  it('returns the headers', async () => {
    handle = (_, response) => response.writeHead(200, { 'content-disposition': 'attachment' }).end()
    const { headers } = await guardedDownload(new URL(`http://127.0.0.1:${port}/`), { limitBytes: 100, ...trusted() })
    assert.equal(headers['content-disposition'], 'attachment')
  })

  it('takes URLs of the web only', async () => {
    for (const url of ['file:///etc/passwd', 'ftp://example.com/a', 'javascript:1']) {
      await assert.rejects(load(url), fails('not-web', /not an HTTP URL/))
    }
  })
})
