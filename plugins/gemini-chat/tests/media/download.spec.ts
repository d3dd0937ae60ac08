import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { download } from '../../src/media/download'
import { MediaError } from '../../src/media/error'

describe('download', () => {
  let server: Server
  let origin: string
  let handle: RequestListener
  const { signal } = new AbortController()

  before(async () => {
    server = createServer((request, response) => handle(request, response))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  after(() => {
    server.closeAllConnections()
    server.close()
  })

  const load = (address = `${origin}/secret`, trusted = ['127.0.0.1']) => download(address, { limit: 100, signal, trusted })
  const fails = (reason: string, message: string) => (error: unknown) => {
    assert.ok(error instanceof MediaError, String(error))
    assert.deepEqual([error.reason, error.message], [reason, message])
    return true
  }

  it('returns the bytes', async () => {
    handle = (_, response) => response.end('hello')
    assert.equal(String((await load()).data), 'hello')
  })

  it('gives each failure a reason and a message without the address', async () => {
    handle = (_, response) => response.end('x'.repeat(101))
    await assert.rejects(load(), fails('size', 'the file is larger than 100 bytes'))
    handle = (_, response) => response.writeHead(404).end()
    await assert.rejects(load(), fails('unreachable', 'the server answers 404'))
    handle = ({ url }, response) => response.writeHead(302, { location: url! }).end()
    await assert.rejects(load(), fails('unreachable', 'too many redirects'))
    handle = (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end()
    await assert.rejects(load(), fails('unreachable', 'redirected to a non-HTTP URL'))
    handle = ({ socket }) => void socket.destroy()
    await assert.rejects(load(), fails('unreachable', 'the file cannot be loaded (ECONNRESET)'))
    await assert.rejects(load('file:///etc/passwd'), fails('unreachable', 'not an HTTP URL'))
  })

  it('says which setting allows a private network', async () => {
    const message = 'the host is in a private network: add it to mediaHosts if it may be used'
    await assert.rejects(load(undefined, []), fails('unreachable', message))
  })

  it('throws the reason of its signal', async () => {
    const controller = new AbortController()
    handle = () => controller.abort(new Error('enough'))
    await assert.rejects(download(origin, { limit: 100, trusted: ['127.0.0.1'], signal: controller.signal }), /enough/)
  })
})
