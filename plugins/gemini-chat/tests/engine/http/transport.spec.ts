import assert from 'node:assert'
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import { createServer as createNetServer } from 'node:net'
import { until } from 'common/testing'
import { createGemini } from 'testkit'
import type { Transport } from '../../../src/engine/http/transport'
import { createTransport } from '../../../src/engine/http/transport'

const open: (() => void)[] = []

async function listen<S extends NetServer>(server: S): Promise<{ server: S, url: string, sockets: Set<Socket> }> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket.once('close', () => sockets.delete(socket))))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  open.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets }
}

function serve(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  return listen<Server>(createServer(handle))
}

/** A raw TCP server. `handle` gets each request as text, and the number of requests before it. */
function speak(handle: (socket: Socket, count: number, text: string) => void) {
  let count = 0
  return listen<NetServer>(createNetServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', data => handle(socket, count++, data.toString()))
  }))
}

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

describe('createTransport', () => {
  let fetch: Transport

  beforeEach(() => {
    fetch = createTransport()
    open.push(fetch.dispose)
  })

  afterEach(() => {
    for (const close of open.splice(0)) close()
  })

  it('sends the request and returns the response', async () => {
    const { url } = await serve(async (request, response) => {
      const chunks = []
      for await (const chunk of request) chunks.push(chunk)
      response.writeHead(418, 'Teapot', { 'set-cookie': ['a=1', 'b=2'] })
      response.end(JSON.stringify([request.method, request.url, request.headers, Buffer.concat(chunks).toString()]))
    })
    const response = await fetch(url + '/a?b=c', { method: 'POST', headers: { 'X-Name': 'value' }, body: '你好' })
    assert.deepEqual([response.status, response.statusText, response.ok], [418, 'Teapot', false])
    assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2'])
    const [method, path, headers, body] = await response.json() as [string, string, Record<string, string>, string]
    assert.deepEqual([method, path, headers['x-name'], headers['content-length'], body], ['POST', '/a?b=c', 'value', '6', '你好'])
    assert.equal(headers['accept-encoding'], undefined)
  })

  it('keeps its connections', async () => {
    const gemini = await createGemini()
    open.push(gemini.close)
    for (let i = 0; i < 5; i++) await (await fetch(gemini.url)).text()
    assert.equal(gemini.accepted(), 1)
  })

  it('takes responses without a body, does not follow redirects, refuses invalid statuses', async () => {
    const { url } = await serve((request, response) => {
      response.writeHead(Number(request.url?.slice(1)), { location: '/200' }).end()
    })
    assert.equal((await fetch(url + '/204')).body, null)
    assert.equal((await fetch(url + '/302')).status, 302)
    await assert.rejects(fetch(url + '/700'), RangeError)
  })

  it('passes on errors of Node without a server, or without HTTP', async () => {
    const { server, url } = await serve(() => {})
    server.close()
    await assert.rejects(fetch(url), { code: 'ECONNREFUSED' })
    await assert.rejects(fetch('http://unknown.invalid'), { code: /ENOTFOUND|EAI_AGAIN/ })
    const { url: other } = await speak(socket => socket.end('SSH-2.0-hello\r\n'))
    await assert.rejects(fetch(other), { code: /^HPE_/ })
    await assert.rejects(fetch('no address'), { code: 'ERR_INVALID_URL' })
  })

  it('reads no faster than its body is read', async () => {
    let written = 0
    const { url } = await serve(async (_, response) => {
      const chunk = Buffer.alloc(1 << 16)
      for (let i = 0; i < 1000 && !response.destroyed; i++) {
        written += chunk.length
        if (!response.write(chunk)) await once(response, 'drain').catch(() => {})
      }
    })
    const response = await fetch(url)
    const reader = response.body!.getReader()
    await reader.read()
    let before = -1
    while (before !== written) {
      before = written
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    assert.ok(written < 32 << 20, `${written} bytes were written ahead`)
    await reader.cancel()
  })

  describe('when aborted', () => {
    const reason = new Error('enough')

    it('before the call, makes no request', async () => {
      const { url, sockets } = await serve(() => {})
      await assert.rejects(fetch(url, { signal: AbortSignal.abort(reason) }), reason)
      assert.equal(sockets.size, 0)
    })

    it('before the response, closes the connection', async () => {
      const controller = new AbortController()
      const { url, sockets } = await serve(() => controller.abort(reason))
      await assert.rejects(fetch(url, { signal: controller.signal }), reason)
      await until(() => sockets.size === 0)
    })

    it('within the response, closes the connection and ends the body', async () => {
      const controller = new AbortController()
      const { url, sockets } = await serve((_, response) => void response.write('hello'))
      const response = await fetch(url, { signal: controller.signal })
      const reader = response.body!.getReader()
      await reader.read()
      controller.abort(reason)
      await assert.rejects(reader.read(), reason)
      await until(() => sockets.size === 0)
    })

    it('after the response, has no effect', async () => {
      const controller = new AbortController()
      const { url, sockets } = await serve((_, response) => void response.end('hello'))
      await (await fetch(url, { signal: controller.signal })).text()
      controller.abort(reason)
      await (await fetch(url)).text()
      assert.equal(sockets.size, 1)
    })
  })

  it('closes the connection when the body is left unread', async () => {
    const { url, sockets } = await serve((_, response) => void response.write('hello'))
    const response = await fetch(url)
    await response.body!.cancel()
    await until(() => sockets.size === 0)
  })

  describe('on a connection the server has closed meanwhile', () => {
    it('sends the request again', async () => {
      const asked: number[] = []
      const { url } = await speak((socket, count) => {
        asked.push(count)
        if (count === 1) socket.resetAndDestroy()
        else socket.write(ok)
      })
      assert.equal(await (await fetch(url)).text(), 'ok')
      assert.equal(await (await fetch(url, { method: 'POST', body: 'x' })).text(), 'ok')
      assert.deepEqual(asked, [0, 1, 2])
    })

    it('sends the request again only once', async () => {
      const asked: number[] = []
      const { url } = await speak((socket, count) => {
        asked.push(count)
        if (count) socket.resetAndDestroy()
        else socket.write(ok)
      })
      await (await fetch(url)).text()
      await assert.rejects(fetch(url), { code: 'ECONNRESET' })
      assert.deepEqual(asked, [0, 1, 2])
    })

    it('does not send it again once a byte arrived', async () => {
      const asked: number[] = []
      const { url } = await speak((socket, count) => {
        asked.push(count)
        if (count) socket.write('HTTP/1.1 200', () => socket.end())
        else socket.write(ok)
      })
      await (await fetch(url)).text()
      await assert.rejects(fetch(url))
      assert.deepEqual(asked, [0, 1])
    })

    it('does not send it again on a new connection', async () => {
      const asked: number[] = []
      const { url } = await speak((socket, count) => {
        asked.push(count)
        socket.resetAndDestroy()
      })
      await assert.rejects(fetch(url), { code: 'ECONNRESET' })
      assert.deepEqual(asked, [0])
    })
  })

  it('frees everything when disposed', async () => {
    const { url, sockets } = await serve((request, response) => {
      if (request.url === '/idle') response.end('ok')
      if (request.url === '/body') response.write('hello')
    })
    const body = await fetch(url + '/body')
    const pending = fetch(url + '/headers')
    await (await fetch(url + '/idle')).text()
    await until(() => sockets.size === 3)
    fetch.dispose()
    await assert.rejects(pending, { name: 'AbortError' })
    await assert.rejects(body.text(), { name: 'AbortError' })
    await assert.rejects(fetch(url), { name: 'AbortError' })
    await until(() => sockets.size === 0)
    fetch.dispose()
  })
})
