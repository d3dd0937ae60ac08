import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { VerificationFailureReason } from '../../src'
import { WecomClient, createCertificate } from '../../src'
import { listen } from '../../src/listen'
import { createBot, credentials } from './reference-bot'

describe('WecomClient.verify', () => {
  const closing: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
  })

  async function bot(options?: Parameters<typeof createBot>[1]) {
    const bot = await createBot(() => {}, options)
    closing.push(bot.close)
    return bot.url
  }

  async function server(handle: (request: IncomingMessage, response: ServerResponse) => unknown) {
    const { port, close } = await listen(createServer((request, response) => void handle(request, response)))
    closing.push(close)
    return `http://127.0.0.1:${port}/callback`
  }

  const client = (url: string, options: object = {}) => new WecomClient({ url, ...credentials, ...options })

  async function fails(client: WecomClient, reason: VerificationFailureReason, detail: RegExp) {
    const result = await client.verify()
    assert(!result.ok, 'the verification should fail')
    assert.equal(result.reason, reason)
    assert.match(result.detail, detail)
    const [zh, en, ...rest] = result.detail.split('\n')
    assert.match(zh, /[\u4e00-\u9fff]/)
    assert.match(en, /^[A-Z]/)
    assert.deepEqual(rest, [])
    for (const secret of [credentials.token, credentials.encodingAESKey]) assert(!result.detail.includes(secret))
  }

  it('accepts a bot that follows the protocol, and tells how long it took', async () => {
    let time = Date.now()
    // The clock is read for the timestamp, and before and after the request.
    const now = () => time += 30
    assert.deepEqual(await client(await bot(), { now }).verify(), { ok: true, elapsed: 60 })
    assert((await client(await bot({ receiveId: 'wx1' }), { receiveId: 'wx1', now }).verify()).ok)
  })

  it('reports a server that cannot be reached', async () => {
    const { port, close } = await listen(createServer())
    await close()
    await fails(client(`http://127.0.0.1:${port}/`), 'unreachable', /ECONNREFUSED/)
    await fails(client('http://nowhere.invalid/'), 'unreachable', /ENOTFOUND|EAI_AGAIN/)
  })

  it('reports a path without a bot, as nginx makes it with proxy_pass …/', async () => {
    const url = await server((_, response) => response.writeHead(404).end('Not Found'))
    await fails(client(url), 'status', /404.*proxy_pass 结尾不要带 \/[^]*proxy_pass must not end with \//)
  })

  it('reports a connection that is reset', async () => {
    const url = await server(({ socket }) => socket.resetAndDestroy())
    await fails(client(url), 'unreachable', /ECONNRESET/)
  })

  it('reports an untrusted certificate', async () => {
    const { port, close } = await listen(createTlsServer(createCertificate(['localhost'])))
    closing.push(close)
    await fails(client(`https://localhost:${port}/`), 'unreachable', /SELF_SIGNED.*certificate/s)
  })

  it('reports a redirect without following it', async () => {
    const url = await server((_, response) => response.writeHead(302, { location: 'https://a.example/login?from=1' }).end())
    await fails(client(url), 'redirect', /302.*https:\/\/a\.example\/login，/)
  })

  it('reports a web page', async () => {
    const url = await server((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html><p>hi'))
    await fails(client(url), 'html', /web page/)
  })

  for (const [status, detail] of [[404, /no bot on this path/], [405, /GET/], [502, /Koishi/]] as const) {
    it(`explains status ${status}`, async () => {
      const url = await server((_, response) => response.writeHead(status).end())
      await fails(client(url), 'status', detail)
    })
  }

  it('distinguishes the 403 of a firewall from that of a bot', async () => {
    const url = await server((_, response) => response.writeHead(403, { 'content-type': 'text/html' }).end('<h1>Forbidden</h1>'))
    await fails(client(url), 'status', /firewall/)
  })

  const codes: Record<string, number> = { token: 403, key: 400, 'receive-id': 403 }
  const other = { encodingAESKey: 'B'.repeat(43) }

  it('reports a wrong Token', async () => {
    const url = await bot({ statusFor: reason => codes[reason] })
    await fails(client(url, { token: 'OTHER' }), 'wrong-token', /403.*Tokens differ/s)
  })

  it('reports a wrong EncodingAESKey', async () => {
    const url = await bot({ statusFor: reason => codes[reason] })
    await fails(client(url, other), 'wrong-key', /400.*Tokens match/s)
  })

  it('reports a wrong ReceiveId', async () => {
    const url = await bot({ receiveId: 'wx1', statusFor: reason => codes[reason] })
    await fails(client(url), 'wrong-receive-id', /ReceiveId/)
    await fails(client(url, { receiveId: 'wx2' }), 'wrong-receive-id', /403/)
  })

  it('says that the cause is uncertain if all rejections are alike', async () => {
    await fails(client(await bot(), other), 'wrong-token', /compare EncodingAESKey and ReceiveId as well/)
    await fails(client(await bot({ receiveId: 'wx1' })), 'wrong-token', /compare EncodingAESKey and ReceiveId as well/)
  })

  it('mentions clocks that differ by minutes', async () => {
    const date = new Date(Date.now() + 3e6).toUTCString()
    const url = await server((_, response) => response.writeHead(403, { date }).end())
    await fails(client(url), 'wrong-token', /差约 50 分钟.*differ by about 50 minutes/s)
  })

  const echoes: [name: string, body: (echo: string, encrypted: string) => string, detail: RegExp][] = [
    ['an empty body', () => '', /empty/],
    ['the ciphertext', (_, encrypted) => encrypted, /not decrypted/],
    ['a line break after the echo', echo => `${echo}\n`, /line break/],
    ['a BOM before the echo', echo => `\ufeff${echo}`, /BOM/],
    ['the echo in quotes', echo => JSON.stringify(echo), /wrapped/],
    ['something else', () => 'success', /"success"/],
  ]
  for (const [name, body, detail] of echoes) {
    it(`reports ${name} instead of the echo`, async () => {
      const correct = await bot()
      const url = await server(async (request, response) => {
        const { search, searchParams } = new URL(request.url!, 'http://localhost')
        const echo = await (await fetch(correct + search)).text()
        response.end(body(echo, searchParams.get('echostr')!))
      })
      await fails(client(url), 'wrong-echo', detail)
    })
  }

  it('reports an echo that arrives too late, or never', async () => {
    const url = await bot()
    let reads = 0
    const now = () => Date.now() + (reads++ > 1 ? 1500 : 0)
    await fails(client(url, { now }), 'slow', /15\d\d ms/)
    await fails(client(await server(() => {}), { timeout: 40 }), 'slow', /1 second/)
  })
})
