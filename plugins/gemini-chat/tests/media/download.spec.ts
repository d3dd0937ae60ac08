import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { download } from '../../src/media/download'
import type { DownloadOptions } from '../../src/media/download'
import { MediaError } from '../../src/media/error'

describe('a download', () => {
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

  const load = (address: string, options: Partial<DownloadOptions> = {}) => {
    const url = new URL(address.replace('PORT', `${port}`))
    return download(url, { limit: 100, signal: controller().signal, ...options })
  }
  const trusted = () => ({ trusted: [`127.0.0.1:${port}`] })
  const fails = (reason: string, message: RegExp) => (error: unknown) => {
    assert.ok(error instanceof MediaError, String(error))
    assert.equal(error.reason, reason)
    assert.match(error.message, message)
    assert.doesNotMatch(error.message, /127\.0\.0\.1|:\/\/|secret/)
    return true
  }

  it('gives the bytes', async () => {
    assert.equal(String(await load('http://127.0.0.1:PORT/a', trusted())), 'hello')
    assert.equal(String(await load('http://127.0.0.1:PORT/a', { trusted: ['127.0.0.1'] })), 'hello')
  })

  describe('does not go to private networks', () => {
    it('by address, however it is written', async () => {
      for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '0177.0.0.1', '127.1', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254']) {
        await assert.rejects(load(`http://${host}:PORT/`), fails('unreachable', /private network/))
      }
      assert.deepEqual(requests, [])
    })

    it('by name', async () => {
      await assert.rejects(load('http://localhost:PORT/'), fails('unreachable', /private network/))
      const resolve: DownloadOptions['resolve'] = (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }])
      await assert.rejects(load('http://innocent.example:PORT/', { resolve }), fails('unreachable', /private network/))
      assert.deepEqual(requests, [])
    })

    it('by a name that changes its mind', async () => {
      let lookups = 0
      const resolve: DownloadOptions['resolve'] = (_, __, done) => {
        const answers: LookupAddress[][] = [[{ address: '192.0.2.1', family: 4 }], [{ address: '127.0.0.1', family: 4 }]]
        done(null, answers[Math.min(lookups++, 1)])
      }
      await assert.rejects(load('http://rebind.example:PORT/', { resolve }), fails('unreachable', /private network/))
      assert.equal(lookups, 1)
      assert.deepEqual(requests, [])
    })

    it('by a redirect', async () => {
      handle = (_, response) => response.writeHead(302, { location: `http://localhost:${port}/secret` }).end()
      await assert.rejects(load('http://127.0.0.1:PORT/', trusted()), fails('unreachable', /private network/))
      assert.equal(requests.length, 1)
    })

    it('but for those that are trusted, by host and port', async () => {
      await assert.rejects(load('http://127.0.0.1:PORT/', { trusted: ['127.0.0.1:1'] }), fails('unreachable', /private/))
    })
  })

  it('follows redirects within the web, not for ever', async () => {
    handle = ({ url }, response) => {
      if (url === '/b') response.end('there')
      else response.writeHead(301, { location: url === '/a' ? '/b' : url! }).end()
    }
    assert.equal(String(await load('http://127.0.0.1:PORT/a', trusted())), 'there')
    await assert.rejects(load('http://127.0.0.1:PORT/c', trusted()), fails('unreachable', /in circles/))
    handle = (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end()
    await assert.rejects(load('http://127.0.0.1:PORT/', trusted()), fails('unreachable', /out of the web/))
  })

  it('takes no more than it may, whatever the server says of the length', async () => {
    handle = (_, response) => response.end('x'.repeat(101))
    await assert.rejects(load('http://127.0.0.1:PORT/', trusted()), fails('size', /larger than 100 bytes/))
    handle = (_, response) => {
      for (let i = 0; i < 11; i++) response.write('0123456789')
    }
    await assert.rejects(load('http://127.0.0.1:PORT/', trusted()), fails('size', /larger than 100 bytes/))
  })

  it('fails with a reason', async () => {
    handle = (_, response) => response.writeHead(404).end()
    await assert.rejects(load('http://127.0.0.1:PORT/', trusted()), fails('unreachable', /answers 404/))
    handle = ({ socket }) => void socket.destroy()
    await assert.rejects(load('http://127.0.0.1:PORT/', trusted()), fails('unreachable', /cannot be loaded/))
  })

  it('ends when it is told to, and lets go of the connection', async () => {
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
})
