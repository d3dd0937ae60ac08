import assert from 'node:assert/strict'
import { request } from 'node:http'
import type { Session } from 'koishi'
import type {
  Overrides, PayloadOptions, Proxy, Wecom, WecomClient } from 'testkit'
import { createHttpProxy, createWecom, decodeKey, encrypt,
} from 'testkit'
import type { Config, WecomBot } from '../../src'
import { flawed } from '../support/forge'
import type { World } from '../support/world'
import { createWorld } from '../support/world'
import { XmlClient } from '../support/xml'

/**
 * Attacks with captured callbacks, or with valid keys. Timestamps, forged signatures, oversized bodies and malformed
 * plaintexts are in refused-callbacks.spec.ts; foreign and unknown streams and callbacks for other bots in
 * connections.spec.ts; random input in fuzz.spec.ts.
 */
describe('hostile callbacks', () => {
  let world: World
  let client: WecomClient
  let bot: WecomBot
  let dispose: () => Promise<void>
  let sessions: Session[]
  let events: string[]
  let answer: () => unknown

  before(async () => {
    world = await createWorld()
    client = world.client()
    world.app.middleware((session) => {
      sessions.push(session)
      return answer() as never
    })
    for (const name of ['enter-chat', 'unheard_of']) {
      world.app.on(`wecom-bot/${name}` as never, (() => void events.push(name)) as never)
    }
  })

  after(() => world.close())

  beforeEach(() => {
    sessions = []
    events = []
    answer = () => 'hello'
    world.log.lines.splice(0)
    add()
  })

  afterEach(() => dispose())

  function add(config?: Partial<Config>) {
    ({ bot, dispose } = world.add(config))
  }

  /** A captured request. */
  interface Captured {
    url: URL
    body: string
  }

  function capture(ciphertext: string, overrides?: Overrides): Captured {
    return { url: client.sign(ciphertext, overrides).url, body: JSON.stringify({ encrypt: ciphertext }) }
  }

  function captureText(msgId?: string, overrides?: Overrides) {
    return capture(client.encrypt(JSON.stringify(client.text('hi', { msgId }))), overrides)
  }

  function send({ url, body }: Captured, method = 'POST') {
    return new Promise<{ status: number, raw: string }>((resolve, reject) => {
      const upload = request(url, { method }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('end', () => resolve({ status: response.statusCode!, raw: Buffer.concat(chunks).toString() }))
      })
      upload.on('error', reject)
      upload.end(method === 'POST' ? body : undefined)
    })
  }

  async function assertRefused(captured: Captured, status: number, reason: string) {
    world.log.lines.splice(0)
    const answer = await send(captured)
    assert.deepEqual([answer.status, answer.raw], [status, status === 403 ? 'forbidden' : 'bad request'])
    assert.equal(world.log.warnings.length, 1, world.log.text)
    assert.ok(world.log.warnings[0].includes(`refused: ${reason} (${status})`), world.log.warnings[0])
    assert.equal(sessions.length, 0)
    assert.equal(bot.services.turns.size, 0)
  }

  describe('with valid keys and a malformed message', () => {
    const text = () => JSON.stringify(client.text('hi'))
    const padded = (byte: number) => flawed(text(), { pad: count => Buffer.alloc(count, byte) })
    const spelled = (spell: (canonical: string) => string) => spell(flawed(text()))
    const wrong: [name: string, make: () => string, status: number, reason: string][] = [
      ['pad byte 0', () => padded(0), 400, 'decrypt'],
      ['pad byte 33', () => padded(33), 400, 'decrypt'],
      ['pad bytes that differ', () => flawed('hello world!', {
        pad: count => Buffer.concat([Buffer.alloc(count - 1, count ^ 1), Buffer.from([count])]),
      }), 400, 'decrypt'],
      ['a length beyond the end', () => flawed(text(), { length: text().length + 1 }), 400, 'decrypt'],
      ['a length of 0xFFFFFFFF', () => flawed(text(), { length: 0xffffffff }), 400, 'decrypt'],
      ['a length of 0', () => flawed(text(), { length: 0 }), 403, 'receive-id'],
      ['a receive id that is no id', () => flawed(text(), { tail: '企业' }), 403, 'receive-id'],
      ['a receive id that is too long', () => flawed(text(), { tail: 'w'.repeat(129) }), 403, 'receive-id'],
      ['one byte behind the message', () => flawed(text(), { tail: '\0' }), 403, 'receive-id'],
      ['invalid UTF-8', () => flawed(Buffer.from(text().replace('hi', '\xff\xfe'), 'latin1')), 400, 'decrypt'],
      ['a surrogate in UTF-8', () => flawed(Buffer.from(text().replace('hi', '\xed\xa0\x80'), 'latin1')), 400, 'decrypt'],
      ['blanks in base64', () => spelled(base64 => base64.replace(/.{8}/, '$& ')), 400, 'decrypt'],
      ['line breaks in base64', () => spelled(base64 => base64.replace(/.{64}/g, '$&\r\n')), 400, 'decrypt'],
      ['a line break behind base64', () => spelled(base64 => base64 + '\n'), 400, 'decrypt'],
      ['base64 for URLs', () => spelled(base64 => base64.replace(/.{4}/, '-_-_')), 400, 'decrypt'],
      ['nothing encrypted', () => Buffer.from(text()).toString('base64'), 400, 'decrypt'],
    ]
    for (const [name, make, status, reason] of wrong) {
      it(`are refused for ${name}`, () => assertRefused(capture(make()), status, reason))
    }

    it('are refused for a receive id where another is set', async () => {
      await dispose()
      add({ receiveId: 'wwCORPIDCORPID01' })
      await assertRefused(capture(flawed(text(), { tail: 'wwCORPIDCORPID00' })), 403, 'receive-id')
    })

    it('are understood with padding to blocks of 16, as some libraries make it', async () => {
      const { status } = await send(capture(flawed(text(), { block: 16 })))
      assert.deepEqual([status, sessions.length], [200, 1])
    })
  })

  describe('replays', () => {
    it('are refused without a msgid', async () => {
      const { msgid, ...payload } = client.text('hi')
      const captured = capture(client.encrypt(JSON.stringify(payload)))
      for (let times = 0; times < 2; times++) await assertRefused(captured, 400, 'payload')
    })

    it('run nothing a second time, and get the existing stream', async () => {
      const captured = captureText()
      const answers = [await send(captured), await send(captured)]
      assert.deepEqual(answers.map(({ status }) => status), [200, 200])
      assert.equal(sessions.length, 1)
      assert.equal(bot.services.turns.size, 1)
    })

    it('run nothing fifty times at once, as one callback or with one msgid', async () => {
      let release = () => {}
      const gate = new Promise<void>(resolve => release = resolve)
      answer = () => gate.then(() => 'hello')
      const one = captureText()
      await Promise.all(Array.from({ length: 50 }, () => send(one)))
      assert.deepEqual([sessions.length, bot.services.turns.size], [1, 1])
      const replies = await Promise.all(Array.from({ length: 50 }, () => client.post(client.text('hi', { msgId: 'SAME' }))))
      assert.equal(new Set(replies.map(({ reply }) => reply!.stream!.id)).size, 1)
      assert.deepEqual([sessions.length, bot.services.turns.size], [2, 2])
      release()
    })

    it('are refused after the turn is forgotten, also with the signature in upper case', async () => {
      const captured = captureText()
      assert.equal((await send(captured)).status, 200)
      const { turns } = bot.services
      turns.find(sessions.pop()!.event.referrer!.turn)!.forget()
      await assertRefused(captured, 403, 'replay')
      const { searchParams } = captured.url
      searchParams.set('msg_signature', searchParams.get('msg_signature')!.toUpperCase())
      await assertRefused(captured, 403, 'replay')
      searchParams.set('msgsignature', searchParams.get('msg_signature')!)
      searchParams.delete('msg_signature')
      await assertRefused(captured, 403, 'replay')
    })

    it('notify plugins of an event once, and get the same reply', async () => {
      await dispose()
      add({ welcome: '你好' })
      const event = client.event('enter_chat')
      const replies = [await client.post(event), await client.post(event)].map(({ reply }) => reply)
      const captured = capture(client.encrypt(JSON.stringify(client.event('unheard_of'))))
      for (let times = 0; times < 3; times++) assert.deepEqual(await send(captured), { status: 200, raw: '' })
      assert.deepEqual(replies[1], replies[0])
      assert.deepEqual(events, ['enter-chat', 'unheard_of'])
    })

    it('count a click once', async () => {
      const click = client.cardClick({ eventKey: 'i:再说一次', taskId: 'T' })
      for (let times = 0; times < 3; times++) assert.equal((await client.post(click)).status, 200)
      assert.deepEqual(sessions.map(session => session.content), ['再说一次'])
    })

    it('cannot be made fresh by moving characters between parameters', async () => {
      const captured = captureText(undefined, { timestamp: 1700000000, nonce: '1372623149' })
      await assertRefused(captured, 403, 'clock')
      const { searchParams } = captured.url
      searchParams.set('timestamp', '1372623149')
      searchParams.set('nonce', '1700000000')
      // The signature is still valid for these parameters.
      await assertRefused(captured, 403, 'clock')
      for (const [timestamp, nonce] of [['17000000001372623149', ''], ['1', '7000000001372623149'], ['13726231491700000000', '0']]) {
        searchParams.set('timestamp', timestamp)
        searchParams.set('nonce', nonce)
        assert.ok((await send(captured)).status >= 400)
      }
      assert.equal(sessions.length, 0)
    })

    it('do not block the nonce for other callbacks', async () => {
      for (const overrides of [{ nonce: '1372623149' }, { nonce: '1372623149' }]) {
        assert.equal((await client.post(client.text('hi'), overrides)).status, 200)
      }
      assert.equal(sessions.length, 2)
    })

    it('cannot have a message or an answer decrypted as an echo', async () => {
      const { url, body } = captureText()
      const echostr = JSON.parse(body).encrypt
      url.searchParams.set('echostr', echostr)
      assert.deepEqual(await send({ url, body }, 'GET'), { status: 400, raw: 'bad request' })
      const { raw } = await client.post(client.text('hi'))
      const { encrypt, msgsignature, timestamp, nonce } = JSON.parse(raw)
      for (const method of ['GET', 'POST']) {
        const url = new URL(client.url)
        url.search = String(new URLSearchParams({ msg_signature: msgsignature, timestamp, nonce, echostr: encrypt }))
        assert.deepEqual(await send({ url, body: JSON.stringify({ encrypt }) }, method), { status: 400, raw: 'bad request' })
      }
      assert.equal(sessions.length, 1)
    })

    it('cannot be told from forged signatures by the refusal', async () => {
      const answers = new Set<string>()
      for (const signature of ['0'.repeat(40), 'f'.repeat(40), 'x', '0'.repeat(39), '0'.repeat(41), 'é'.repeat(40)]) {
        for (const ciphertext of [client.encrypt('x'), 'AAAA', '!', flawed('x', { pad: () => Buffer.alloc(11) })]) {
          answers.add(JSON.stringify(await send(capture(ciphertext, { signature }))))
        }
      }
      assert.deepEqual([...answers], [JSON.stringify({ status: 403, raw: 'forbidden' })])
    })
  })

  describe('cannot redirect an answer', () => {
    let elsewhere: Wecom
    let proxy: Proxy

    before(async () => {
      elsewhere = await createWecom()
      proxy = await createHttpProxy()
    })

    after(async () => {
      await elsewhere.close()
      await proxy.close()
    })

    /** Sends a message after the final frame, so that only response_url or a webhook is left. */
    async function sayLate(options: PayloadOptions) {
      await client.post(client.text('hi', options))
      const { channelId, event } = sessions.at(-1)!
      return bot.sendMessage(channelId!, 'the secret', event.referrer)
    }

    it('by an address of their own', async () => {
      await assert.rejects(sayLate({ responseUrl: elsewhere.issueResponseUrl() }), { name: 'DeliveryError' })
      assert.match(world.log.text, /untrusted host/)
      assert.deepEqual(elsewhere.responses, [])
    })

    for (const through of ['Koishi', 'a proxy']) {
      it(`by an HTTP redirect, through ${through}`, async () => {
        await dispose()
        add({ proxy: through === 'a proxy' ? proxy.url : undefined, webhooks: { GROUP: 'KEY' } })
        for (const status of [301, 302, 303, 307, 308]) {
          const headers = { location: elsewhere.issueResponseUrl() }
          world.wecom.fail('response', { status, headers })
          world.wecom.fail('webhook', { status, headers })
          await assert.rejects(sayLate({}), { name: 'DeliveryError' })
          await assert.rejects(bot.sendMessage('GROUP', 'the secret'), { name: 'DeliveryError' })
        }
        assert.deepEqual([elsewhere.responses, elsewhere.webhooks], [[], []])
        assert.equal(proxy.connections.length > 0, through === 'a proxy')
      })
    }
  })

  describe('cannot start an answer', () => {
    it('by an unknown message type', async () => {
      for (const type of ['location', 'link', 'miniprogram', '__proto__', 'constructor', 'toString']) {
        const { reply } = await client.post(client.message(type, { content: 'hi' }))
        assert.equal(reply!.stream!.finish, true)
        assert.ok(reply!.stream!.content!.trim())
      }
      assert.deepEqual([sessions.length, bot.services.turns.size], [0, 0])
    })

    it('by entering a chat', async () => {
      const { status, raw } = await client.post(client.enterChat())
      assert.deepEqual([status, raw, events], [200, '', ['enter-chat']])
      await dispose()
      add({ welcome: '你好' })
      const { reply } = await client.post(client.enterChat())
      assert.deepEqual(reply, { msgtype: 'text', text: { content: '你好' } })
      assert.deepEqual([sessions.length, bot.services.turns.size], [0, 0])
    })

    it('by an unknown event', async () => {
      for (const name of ['unheard_of', '__proto__', 'constructor', 'hasOwnProperty', '']) {
        const { status, raw } = await client.post(client.event(name))
        assert.deepEqual([status, raw], [200, ''])
      }
      assert.deepEqual(events, ['unheard_of'])
      assert.deepEqual([sessions.length, bot.services.turns.size], [0, 0])
    })

    it('by an event of a group robot that is named like an object property', async () => {
      const robot = new XmlClient(String(client.url))
      const types: unknown[] = []
      const stop = world.app.on('internal/session', session => void types.push(session.type))
      for (const name of ['add_to_chat', 'constructor', '__proto__', 'toString']) {
        const { status } = await robot.post(robot.robot('https://elsewhere.example', `<MsgType>event</MsgType><Event><EventType>${name}</EventType></Event>`))
        assert.equal(status, 200)
      }
      stop()
      assert.deepEqual(types, ['login-updated', 'internal', 'guild-added', 'internal', 'internal', 'internal'])
    })

    it('by polling a stream', async () => {
      for (const id of ['unknown', '__proto__', 'x'.repeat(10_000), '\0']) {
        const { reply } = await client.poll(id)
        assert.equal(reply!.stream!.finish, true)
      }
      assert.deepEqual([sessions.length, bot.services.turns.size], [0, 0])
    })

    it('with another key under the right token', async () => {
      const other = encrypt(decodeKey('x'.repeat(43)), JSON.stringify(client.text('hi')))
      await assertRefused(capture(other), 400, 'decrypt')
    })
  })
})
