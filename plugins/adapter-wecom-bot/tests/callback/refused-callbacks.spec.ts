import assert from 'node:assert/strict'
import type { Overrides, WecomClient } from 'testkit'
import type { World } from '../support/world'
import { createWorld, encodingAESKey, path, token } from '../support/world'

describe('refused callbacks', () => {
  let world: World
  let client: WecomClient

  let dispose: () => Promise<void>

  before(async () => {
    world = await createWorld()
    client = world.client()
    world.app.middleware(() => 'hello')
  })

  after(() => world.close())

  // Each spec adds a bot, and thereby a new log without used-up line limits.
  beforeEach(() => {
    world.log.lines.splice(0)
    dispose = world.add().dispose
  })

  afterEach(() => dispose())

  async function get(query = '', init?: RequestInit) {
    const response = await fetch(world.origin + path + query, init)
    return { status: response.status, raw: await response.text(), headers: response.headers }
  }

  function assertRefused(answer: { status: number, raw: string }, status: number, reason: string) {
    assert.equal(answer.status, status)
    assert.ok(answer.raw.length < 32, answer.raw)
    assert.equal(world.log.warnings.length, 1, world.log.text)
    assert.ok(world.log.warnings[0].includes(reason), world.log.warnings[0])
  }

  const text = () => client.text('hi')
  const now = Math.floor(Date.now() / 1000)
  const refused: [name: string, overrides: Overrides, status: number, reason: string][] = [
    ['a wrong token', { token: 'wrong' }, 403, 'signature'],
    ['a wrong signature', { signature: '0'.repeat(40) }, 403, 'signature'],
    ['half a signature', { signature: 'abc' }, 403, 'signature'],
    ['no signature', { query: { msg_signature: undefined } }, 400, 'malformed'],
    ['no nonce', { query: { nonce: undefined } }, 400, 'malformed'],
    ['an empty nonce', { query: { nonce: '' } }, 400, 'malformed'],
    ['no timestamp', { query: { timestamp: undefined } }, 400, 'malformed'],
    ['another timestamp than signed', { query: { timestamp: String(now + 60) } }, 403, 'signature'],
    ['another nonce than signed', { query: { nonce: 'x' } }, 403, 'signature'],
    ['a timestamp of last year', { timestamp: now - 365 * 86400 }, 403, 's behind this server'],
    ['a timestamp just too old', { timestamp: now - 303 }, 403, 's behind this server'],
    ['a timestamp of tomorrow', { timestamp: now + 86400 }, 403, 's ahead of this server'],
    ['a timestamp just too new', { timestamp: now + 310 }, 403, 's ahead of this server'],
    ['a timestamp in milliseconds', { timestamp: now * 1000 }, 403, 's ahead of this server'],
    ['a timestamp that is no number', { timestamp: 'soon' }, 403, 'not a number'],
    ['a timestamp that is Infinity', { timestamp: 'Infinity' }, 403, 'not a number'],
    ['a timestamp that is NaN', { timestamp: 'NaN' }, 403, 'not a number'],
    ['another key', { encodingAESKey: 'x'.repeat(43) }, 400, 'decrypt'],
    ['no body', { body: '' }, 400, 'malformed'],
    ['a body that is no JSON', { body: 'encrypt=x' }, 400, 'malformed'],
    ['a body that is an array', { body: '[]' }, 400, 'malformed'],
    ['a body that is null', { body: 'null' }, 400, 'malformed'],
    ['a body without ciphertext', { body: '{}' }, 400, 'malformed'],
    ['a body with a prototype', { body: '{"__proto__":{"encrypt":"x"}}' }, 400, 'malformed'],
    ['another ciphertext than signed', { body: '{"encrypt":"AAAA"}' }, 403, 'signature'],
    ['bytes that are no text', { body: Buffer.from([0xff, 0xfe, 0, 1]) }, 400, 'malformed'],
    ['a body of two megabytes', { body: Buffer.alloc(2 << 20, 0x20) }, 413, 'size'],
    ['PUT', { method: 'PUT' }, 405, 'method'],
    ['DELETE', { method: 'DELETE', body: '' }, 405, 'method'],
    ['PATCH', { method: 'PATCH' }, 405, 'method'],
    ['OPTIONS', { method: 'OPTIONS', body: '' }, 405, 'method'],
  ]
  for (const [name, overrides, status, reason] of refused) {
    it(`get ${status} for ${name}`, async () => {
      // The table was created before the earlier specs ran.
      const late = Math.floor(Date.now() / 1000) - now
      const { timestamp } = overrides
      const fresh = typeof timestamp === 'number' ? { ...overrides, timestamp: timestamp + late } : overrides
      assertRefused(await client.post(text(), fresh), status, reason)
    })
  }

  it('get 403 for another receive id than the one that is set', async () => {
    await dispose()
    dispose = world.add({ receiveId: 'wwCORPIDCORPID01' }).dispose
    assertRefused(await client.post(text(), { receiveId: 'wwCORPIDCORPID00' }), 403, 'receive-id')
  })

  it('include signed text that is not ciphertext', async () => {
    for (const encrypt of ['AAAA', 'c2hvcnQ=', 'not base64', client.encrypt('hi').replace(/..$/, '\n\n')]) {
      world.log.lines.splice(0)
      const { url } = client.sign(encrypt)
      const response = await fetch(url, { method: 'POST', body: JSON.stringify({ encrypt }) })
      assertRefused({ status: response.status, raw: await response.text() }, 400, 'decrypt')
    }
  })

  it('include plaintext that is not a payload', async () => {
    for (const plaintext of ['hello', '[]', 'null', '{}', '{"msgtype":"text"}', '[{"msgtype":"text"}]', '\0']) {
      world.log.lines.splice(0)
      assertRefused(await client.post(plaintext), 400, 'payload')
    }
  })

  it('include GET with half of the parameters, or each twice', async () => {
    const encrypted = client.encrypt('123')
    const { url } = client.sign(encrypted, { query: { echostr: encrypted } })
    for (const name of ['msg_signature', 'timestamp', 'nonce']) {
      world.log.lines.splice(0)
      const less = new URL(url)
      less.searchParams.delete(name)
      assertRefused(await get(less.search), 400, 'malformed')
    }
    world.log.lines.splice(0)
    assertRefused(await get(url.search + '&' + url.search.slice(1)), 400, 'malformed')
  })

  it('include GET with a forged echo', async () => {
    const encrypted = client.encrypt('123')
    for (const [overrides, reason] of [[{ token: 'wrong' }, 'signature'], [{}, 'decrypt']] as const) {
      world.log.lines.splice(0)
      const echostr = reason === 'decrypt' ? client.encrypt('123', { encodingAESKey: 'x'.repeat(43) }) : encrypted
      const { url } = client.sign(echostr, { ...overrides, query: { echostr } })
      assertRefused(await get(url.search), reason === 'signature' ? 403 : 400, reason)
    }
  })

  it('include messages passed as an echo', async () => {
    for (const plaintext of [JSON.stringify(client.text('secret')), ' {}', '<xml><Content>secret</Content></xml>']) {
      world.log.lines.splice(0)
      const echostr = client.encrypt(plaintext)
      const { url } = client.sign(echostr, { query: { echostr } })
      assertRefused(await get(url.search), 400, 'malformed')
    }
  })

  it('are told the allowed methods', async () => {
    const { status, headers } = await get('', { method: 'DELETE' })
    assert.equal(status, 405)
    assert.equal(headers.get('allow'), 'GET, HEAD, POST')
  })

  it('keep secrets out of the log and out of the reply', async () => {
    const { id } = (await client.post(client.text('the plaintext'))).reply!.stream!
    const wire: string[] = []
    for (const [, overrides] of refused) wire.push((await client.post(client.text('the plaintext'), overrides)).raw)
    await client.poll(id)
    const { responses } = world.wecom
    assert.deepEqual(responses, [])
    const secrets = [token, encodingAESKey, 'response_code', 'the plaintext', Buffer.from(encodingAESKey + '=', 'base64').toString('hex')]
    for (const secret of secrets) {
      assert.ok(!world.log.text.includes(secret), secret)
      assert.ok(!wire.join('\n').includes(secret), secret)
    }
  })
})
