import assert from 'node:assert/strict'
import type { WecomClient } from 'testkit'
import type { World } from '../support/world'
import { createWorld, path } from '../support/world'
import vectors from '../../../../testkit/fixtures/wecom-vectors.json'

describe('a callback over HTTP', () => {
  let world: World
  let client: WecomClient

  before(async () => {
    world = await createWorld()
    client = world.client()
    world.app.middleware(session => session.content === 'say nothing' ? undefined : 'hello')
    world.add()
    world.add({
      botId: 'vector',
      path: '/vector',
      token: 'AibotTestToken01',
      name: 'Vector',
    })
  })

  after(() => world.close())

  beforeEach(() => void world.log.lines.splice(0))

  async function get(query = '', init?: RequestInit) {
    const response = await fetch(world.origin + path + query, init)
    return { status: response.status, body: await response.text(), headers: response.headers }
  }

  it('is verified as the console does it', async () => {
    assert.equal((await client.verify()).ok, true)
    assert.equal((await world.client({ url: `${world.origin}${path}/` }).verify()).ok, true)
    assert.deepEqual(world.log.warnings, [])
  })

  it('echoes byte for byte, also with an unencoded plus sign', async () => {
    for (const vector of vectors.encrypt_deterministic.filter(({ kind }) => kind === 'url_verification')) {
      for (const query of [vector.raw_query, vector.raw_query_correctly_encoded, vector.raw_query_lazy_plus]) {
        if (!query) continue
        const response = await fetch(`${world.origin}/vector?${query}&botid=extra`)
        assert.equal(response.status, 200)
        assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8')
        assert.deepEqual(Buffer.from(await response.arrayBuffer()), Buffer.from(vector.plaintext))
      }
    }
  })

  it('says only that it is up to a GET without parameters', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { status, body } = await get('', { method })
      assert.equal(status, 200)
      assert.equal(body, method === 'GET' ? 'WeCom bot callback is up\n' : '')
    }
    assert.deepEqual(world.log.warnings, [])
  })

  it('answers HEAD with parameters like GET', async () => {
    const encrypted = client.encrypt('123')
    const { url } = client.sign(encrypted, { query: { echostr: encrypted } })
    const response = await fetch(url, { method: 'HEAD' })
    assert.equal(response.status, 200)
    assert.equal(await response.text(), '')
  })

  for (const contentType of [
    'application/json', 'text/plain', 'text/xml', 'application/x-www-form-urlencoded', 'application/octet-stream',
    'multipart/form-data; boundary=x', 'application/json; charset=gbk', 'nonsense', '',
  ]) {
    it(`ignores the content type ${JSON.stringify(contentType)}`, async () => {
      const { status, reply, headers } = await client.post(client.text('hi'), { contentType })
      assert.equal(status, 200)
      assert.equal(reply!.stream!.content, 'hello')
      assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
    })
  }

  it('ignores parameter names and extra parameters of other versions', async () => {
    const encrypted = client.encrypt(JSON.stringify(client.text('hi')))
    const { url } = client.sign(encrypted)
    url.searchParams.set('msgsignature', url.searchParams.get('msg_signature')!.toUpperCase())
    url.searchParams.delete('msg_signature')
    const body = JSON.stringify({ Encrypt: encrypted, tousername: 'x', agentid: '' })
    const response = await fetch(`${url}&botid=1&botid=2`, { method: 'POST', body })
    assert.equal(response.status, 200)
    assert.ok((await response.text()).startsWith('{"encrypt":"'))
  })

  it('is answered with nothing, and one line in the log, if the adapter has a bug', async () => {
    const { bot, dispose } = world.add({ botId: 'BROKEN', path: '/broken', token: 'broken' })
    bot.services.callbacks.accept = async () => {
      throw new Error('our mistake')
    }
    const broken = world.client({ url: `${world.origin}/broken`, botId: 'BROKEN', token: 'broken' })
    const { status, raw } = await broken.post(broken.text('the plaintext'))
    assert.deepEqual([status, raw], [200, ''])
    assert.equal(world.log.warnings.length, 1)
    assert.match(world.log.warnings[0], /our mistake$/)
    await dispose()
  })

  it('accepts chunked bodies of unknown length', async () => {
    const encrypted = client.encrypt(JSON.stringify(client.text('hi')))
    const { url } = client.sign(encrypted)
    const pieces = JSON.stringify({ encrypt: encrypted }).match(/[^]{1,40}/g)!
    const body = new ReadableStream({
      async start(stream) {
        for (const piece of pieces) {
          stream.enqueue(Buffer.from(piece))
          await new Promise(resolve => setTimeout(resolve, 1))
        }
        stream.close()
      },
    })
    const response = await fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit)
    assert.equal(response.status, 200)
  })
})
