import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import type { Middleware } from 'koa'
import type { World } from '../support/world'
import { createWorld, path } from '../support/world'

const html = '<!doctype html><title>another page</title>'

describe('a callback path beside other plugins', () => {
  let world: World
  /** How the other plugin responds to unmatched requests. */
  let other: Middleware = (_, next) => next()

  before(async () => {
    world = await createWorld()
    world.app.middleware(() => 'hello')
    // Registered before the adapter, with the server's parser, which consumes the body.
    world.app.server.all('/(.*)', (context, next) => other(context, next))
    world.add()
  })

  after(() => world.close())

  it('is verified although a catch-all route serves a page', async () => {
    other = async (context, next) => {
      await next()
      context.body ??= html
    }
    assert.equal((await world.client().verify()).ok, true)
    assert.equal((await world.client({ url: `${world.origin}${path}/` }).verify()).ok, true)
    assert.equal(await (await fetch(`${world.origin}/elsewhere`)).text(), html)
  })

  it('is named in the log for callbacks to a wrong path that got a page', async () => {
    world.log.lines.splice(0)
    const verdict = await world.client({ url: `${world.origin}/elsewhere` }).verify()
    assert.equal(verdict.ok || verdict.reason, 'html')
    assert.equal(world.log.warnings.length, 1, world.log.text)
    assert.match(world.log.warnings[0], /\/elsewhere, .* to \/api\/wecom\/callback$/)
  })

  for (const contentType of ['application/json', 'text/plain', 'text/xml', 'application/octet-stream']) {
    it(`reads a body of ${contentType} that another plugin has parsed`, async () => {
      const client = world.client({ timeout: 2000 })
      const { reply } = await client.post(client.text('hi'), { contentType })
      assert.equal(reply!.stream!.content, 'hello')
    })
  }

  it('refuses a body that another plugin has consumed', async () => {
    world.log.lines.splice(0)
    const client = world.client({ timeout: 2000 })
    const { status } = await client.post(client.text('hi'), { contentType: 'application/x-www-form-urlencoded', body: '' })
    assert.equal(status, 400)
    assert.match(world.log.text, /malformed/)
  })

  it('limits a parsed body to one megabyte, too', async () => {
    const client = world.client({ timeout: 2000 })
    const body = JSON.stringify({ encrypt: 'x'.repeat(2 << 20) })
    assert.equal((await client.post(client.text('hi'), { body })).status, 413)
  })
})

describe('a callback path', () => {
  let world: World

  before(async () => {
    world = await createWorld()
    world.app.middleware(() => 'hello')
  })

  after(() => world.close())

  const status = (target: string, method = 'GET', agent?: Agent) => new Promise<number>((resolve, reject) => {
    const { port } = new URL(world.origin)
    const headers = { authorization: 'Bearer health-token' }
    request({ host: '127.0.0.1', port, path: target, method, agent, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode!))
    }).on('error', reject).end()
  })

  for (const configured of ['/cb', '/cb/', '/deep/er/cb/']) {
    it(`configured as ${configured} matches with and without a trailing slash`, async () => {
      const { dispose } = world.add({ path: configured, healthToken: 'health-token' })
      const bare = configured.replace(/\/$/, '')
      for (const target of [bare, bare + '/', `${bare}/health`, `${bare}/metrics`]) {
        assert.equal(await status(target), 200, target)
      }
      for (const url of [bare, bare + '/']) {
        const client = world.client({ url: world.origin + url })
        assert.equal((await client.verify()).ok, true)
        assert.equal((await client.post(client.text('hi'))).reply!.stream!.content, 'hello')
      }
      await dispose()
      assert.equal(await status(bare), 404)
    })
  }

  it('is shared by two bots whose paths differ in case or a trailing slash', async () => {
    const one = world.add({ botId: 'ONE', path: '/CB', token: 'tokenONE' })
    world.log.lines.splice(0)
    const same = world.add({ botId: 'TWO', path: '/cb/', token: 'tokenONE' })
    await new Promise(setImmediate)
    assert.match(world.log.text, /same token/)
    await same.dispose()
    const two = world.add({ botId: 'TWO', path: '/cb/', token: 'tokenTWO' })
    for (const botId of ['ONE', 'TWO']) {
      const client = world.client({ url: `${world.origin}/cb`, botId, token: `token${botId}` })
      assert.equal((await client.post(client.text('hi', { botId }))).status, 200)
    }
    for (const { dispose } of [one, two]) await dispose()
    assert.equal(await status('/cb'), 404)
  })

  it('is logged at the start, and for callbacks to a wrong path', async () => {
    const { dispose } = world.add({ path: '/cb/' })
    assert.match(world.log.text, /URL for the WeCom console: https:\/\/….*\/cb$/m)
    world.log.lines.splice(0)
    const client = world.client({ url: `${world.origin}/wecom/callback` })
    assert.equal((await client.post(client.text('hi'))).status, 404)
    await status('/wecom/callback')
    await status(`/${'x'.repeat(300)}?msg_signature=x`)
    assert.equal(world.log.warnings.length, 2, world.log.text)
    assert.match(world.log.warnings[0], /\/wecom\/callback, .* to \/cb$/)
    assert.ok(world.log.warnings[1].length < 500)
    await dispose()
    world.log.lines.splice(0)
    await client.post(client.text('hi'))
    assert.deepEqual(world.log.warnings, [])
  })

  it('never fails for strange requests', async () => {
    const { dispose } = world.add()
    for (const target of [
      `/${path}`, `${path}/%E0%A4%A`, `${path}?%E0%A4%A`, `${path}?echostr`, `${path}?echostr=%`, `${path}?a=${'b'.repeat(8000)}`,
      `${path}?${'a&'.repeat(3000)}`, `${path}?__proto__=x&constructor=x&echostr=x`, `${path}%00`, `${path}/../callback`, '*',
      `http://elsewhere.example${path}`, `${path}/health?x`, `${path}/metrics/`, `${path}#x`,
    ]) {
      for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) {
        const answer = await status(target, method)
        assert.ok(answer < 500, `${method} ${target}: ${answer}`)
      }
    }
    await dispose()
  })

  it('reads the rest of a large body, so that the sender gets the refusal', async () => {
    const { dispose } = world.add()
    const client = world.client()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const { url } = client.sign(client.encrypt('x'))
    const body = Buffer.alloc(2 << 20, 0x20)
    const answer = await new Promise<number>((resolve, reject) => {
      const upload = request(url, { method: 'POST', agent, headers: { 'content-length': body.length } })
      let status = 0
      upload.on('error', reject)
      upload.on('response', response => response.resume().on('end', () => status = response.statusCode!))
      upload.on('close', () => resolve(status))
      void (async () => {
        for (let at = 0; at < body.length; at += 1 << 18) {
          upload.write(body.subarray(at, at + (1 << 18)))
          await new Promise(resolve => setTimeout(resolve, 2))
        }
        upload.end()
      })()
    })
    assert.equal(answer, 413)
    assert.equal(await status(path, 'GET', agent), 200)
    agent.destroy()
    await dispose()
  })

  it('closes the connection of an endless body', async () => {
    const { dispose } = world.add()
    const { port } = new URL(world.origin)
    const { url } = world.client().sign('x')
    const socket = connect(Number(port), '127.0.0.1')
    let answer = ''
    socket.on('data', data => answer += data).on('error', () => {})
    socket.write(`POST ${url.pathname}${url.search} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n`)
    await new Promise(resolve => socket.on('close', resolve))
    assert.match(answer, /^HTTP\/1.1 413 .*\r\nconnection: close\r\n/is)
    await dispose()
  })
})
