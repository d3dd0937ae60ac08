import assert from 'node:assert/strict'
import type { Session } from 'koishi'
import { h } from 'koishi'
import type { Payload, WecomClient } from 'testkit'
import { systemClock as clock } from 'common/time'
import type { World } from '../support/world'
import { createWorld, encodingAESKey, token } from '../support/world'

const GROUP = { chatId: 'wrGROUP' }
const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(5000, 'pixels')])
/** A fixed key: a random wrong key passes the padding check 1 time in 256. */
const key = Buffer.alloc(32, 'key')
const MINUTE = 60_000

describe('incoming messages', () => {
  let world: World
  let client: WecomClient
  let session: Session | undefined
  const { now, monotonic, setTimeout: set } = clock

  before(async () => {
    world = await createWorld()
    world.app.middleware((received) => {
      session = received
      return 'ok'
    })
    world.add({ name: 'Bot', firstReply: 4000, mediaLimit: 1 })
    client = world.client({ botName: 'Bot' })
    // Retry without delay.
    clock.setTimeout = (callback, delay) => set(callback, delay === 1000 || delay === 2000 ? 0 : delay)
  })

  after(async () => {
    Object.assign(clock, { now, setTimeout: set })
    await world.close()
  })

  beforeEach(() => {
    session = undefined
    world.wecom.downloads.splice(0)
    world.log.lines.splice(0)
  })

  afterEach(() => {
    Object.assign(clock, { now, monotonic })
  })

  /** The message as a plugin receives it. */
  async function send(payload: Payload) {
    assert.equal((await client.post(payload)).reply!.stream!.content, 'ok')
    return session!
  }

  const open = async (src: string) => {
    const { data, filename, type } = await world.app.http.file(src)
    return { data: Buffer.from(data), filename, type }
  }

  for (const type of ['image', 'file', 'video'] as const) {
    it(`have a readable ${type}`, async () => {
      const { elements, wecomBot } = await send(client[type](world.wecom.media(png, '图 1.png')))
      assert.deepEqual(elements!.map(({ type }) => type), [type === 'image' ? 'img' : type])
      const { src } = elements![0].attrs
      assert.match(src, /^internal:wecom-bot\/wecom-bot\/media\/[0-9a-f]{32}$/)
      assert.deepEqual(world.wecom.downloads, [])
      const file = await open(src)
      assert.ok(file.data.equals(png))
      assert.deepEqual([decodeURIComponent(file.filename!), file.type], ['图 1.png', 'image/png'])
      assert.equal(wecomBot!.body.type, type)
    })
  }

  it('download a file once for all readers', async () => {
    const { elements } = await send(client.image(world.wecom.media(png, 'a.png')))
    const { src } = elements![0].attrs
    const files = await Promise.all(Array.from({ length: 5 }, () => open(src)))
    await open(src)
    for (const { data } of files) assert.ok(data.equals(png))
    assert.equal(world.wecom.downloads.length, 1)
  })

  it('give each reader a copy of the file', async () => {
    const { elements } = await send(client.image(world.wecom.media(png, 'a.png')))
    const { src } = elements![0].attrs
    ;(await open(src)).data.fill(0)
    assert.ok((await open(src)).data.equals(png))
  })

  it('decrypt a file with the key beside its link', async () => {
    for (const aeskey of [key.toString('base64'), key.toString('base64url'), key.toString('hex')]) {
      const payload = client.file(world.wecom.media(png, 'a.png', { key }))
      Object.assign(payload.file as object, { aeskey })
      const { elements } = await send(payload)
      assert.ok((await open(elements![0].attrs.src)).data.equals(png))
    }
  })

  it('can be mixed, in a group after the mention', async () => {
    const payload = client.mixed(['看图', { image: world.wecom.media(png, 'a.png') }], GROUP)
    const { elements, content, stripped } = await send(payload)
    assert.deepEqual(elements!.map(({ type }) => type), ['at', 'text', 'img'])
    assert.equal(elements![0].attrs.id, 'wecom-bot')
    assert.match(content!, /^<at id="wecom-bot"\/>看图<img src="internal:/)
    assert.ok(stripped.appel)
    assert.ok((await open(elements![2].attrs.src)).data.equals(png))
  })

  it('contain the transcript of a voice message', async () => {
    const { elements, wecomBot } = await send(client.voice('明天天气怎么样'))
    assert.deepEqual(elements, [h.text('明天天气怎么样')])
    assert.deepEqual(wecomBot!.body, { type: 'voice', text: '明天天气怎么样' })
  })

  it('have a readable image in a quote', async () => {
    const quoted = client.image(world.wecom.media(png, 'a.png'))
    for (const options of [{}, GROUP]) {
      const { quote, content } = await send(client.quote(quoted, '这是什么', options))
      assert.equal(content!.replace('<at id="wecom-bot"/>', ''), '这是什么')
      assert.match(quote!.content!, /^<img src="internal:/)
      assert.ok((await open(quote!.elements![0].attrs.src)).data.equals(png))
    }
  })

  it('can quote every message type', async () => {
    const url = world.wecom.media(png, 'a.png')
    const quoted = {
      text: client.text('旧的'),
      voice: client.voice('说的'),
      image: client.image(url),
      file: client.file(url),
      video: client.video(url),
      mixed: client.mixed(['图', { image: url }]),
    }
    const seen = []
    for (const payload of Object.values(quoted)) {
      const { quote, wecomBot } = await send(client.quote(payload, '?'))
      seen.push(quote!.elements!.map(({ type }) => type).join())
      assert.equal(wecomBot!.quote!.type, payload.msgtype)
    }
    assert.deepEqual(seen, ['text', 'text', 'img', 'file', 'video', 'text,img'])
  })

  it('carry the payload, without addresses for replies', async () => {
    const payload = client.text('hi', { ...GROUP, createTime: 17e8 })
    const { wecomBot, event, timestamp } = await send(payload)
    assert.deepEqual({ ...wecomBot }, {
      kind: 'message', msgId: payload.msgid, botId: 'AIBOTID', userId: 'USERID', chatId: GROUP.chatId, createTime: 17e8,
      body: { type: 'text', text: '@Bot hi' }, quote: undefined,
    })
    assert.equal(timestamp, 17e11)
    assert.ok(!JSON.stringify(event).includes('response'))
  })

  it('of an unknown type get a notice', async () => {
    for (const type of ['location', 'link', 'sticker']) {
      const { stream } = (await client.post(client.message(type, { title: 'x' }))).reply!
      assert.deepEqual([stream!.finish, stream!.content], [true, '（暂时无法处理这种消息，请发送文字。）'])
    }
    const { stream } = (await client.post(client.voice(''))).reply!
    assert.deepEqual([stream!.finish, stream!.content], [true, '（暂时无法处理这种消息，请发送文字。）'])
    assert.equal(session, undefined)
  })

  it('lose their files after five minutes', async () => {
    const { elements } = await send(client.image(world.wecom.media(png, 'a.png')))
    const { src } = elements![0].attrs
    await open(src)
    clock.monotonic = () => monotonic() + 5 * MINUTE
    await assert.rejects(open(src), /status code: 404/)
    for (const other of [src.slice(0, -1), 'internal:wecom-bot/wecom-bot/media/x', 'internal:wecom-bot/OTHER/media/x']) {
      await assert.rejects(open(other), /status code: 404/)
    }
    const response = await fetch(`${world.origin}/media/${src.split('/').pop()}`)
    assert.equal(response.status, 404)
  })

  it('have readable files after the file server has recovered', async () => {
    const { elements } = await send(client.image(world.wecom.media(png, 'a.png')))
    const { src } = elements![0].attrs
    world.wecom.fail('media', { status: 503 })
    world.wecom.fail('media', { reset: 100 })
    assert.ok((await open(src)).data.equals(png))
    assert.equal(world.wecom.downloads.length, 3)
    assert.deepEqual(world.log.warnings, [])
  })

  it('log a file that is lost, too large, malformed or internal, without its link', async () => {
    const inside = `http://localhost:${new URL(world.wecom.origin).port}/media/a?sign=SECRET`
    const cases: [url: string, reason: RegExp][] = [
      [`${world.wecom.origin}/media/none?sign=SECRET`, /the server answers 404/],
      [world.wecom.media(Buffer.alloc(1_100_000), 'a'), /larger than 1 MB/],
      [world.wecom.media(png, 'a', { key }), /cannot be decrypted/],
      [world.wecom.media(png, 'a', { key: false }), /cannot be decrypted/],
      [inside, /private network/],
      ['not a link', /not an HTTP URL/],
    ]
    for (const [url, reason] of cases) {
      world.log.lines.splice(0)
      const { elements } = await send(client.image(url))
      await assert.rejects(open(elements![0].attrs.src), /status code: 502/, String(reason))
      assert.equal(world.log.warnings.length, 1)
      assert.match(world.log.warnings[0], reason)
      assert.ok(!/sign|127\.0\.0|localhost|SECRET/.test(world.log.text), world.log.text)
    }
  })

  it('tell a plugin why a file is not available', async () => {
    for (const [url, code, reason] of [
      [world.wecom.media(Buffer.alloc(1_100_000), 'a'), 'too-large', /larger than 1 MB/],
      [world.wecom.media(png, 'a', { key }), 'undecryptable', /cannot be decrypted/],
      [`${world.wecom.origin}/media/none?sign=SECRET`, 'unavailable', /404/],
    ] as const) {
      const { elements } = await send(client.image(url))
      const response = await world.app.satori.handleInternalRoute('GET', new URL(elements![0].attrs.src))
      assert.equal(response.status, 502)
      assert.equal(response.headers!.get('x-error-code'), `wecom-bot/media-${code}`)
      assert.equal(response.headers!.get('x-error-limit'), code === 'too-large' ? String(1 << 20) : null)
      const text = Buffer.from(response.body!).toString()
      assert.match(text, reason)
      assert.doesNotMatch(text, /SECRET|127\.0/)
    }
    const gone = await world.app.satori.handleInternalRoute('GET', new URL('internal:wecom-bot/wecom-bot/media/none'))
    assert.deepEqual([gone.status, Buffer.from(gone.body!).toString()], [404, 'the file has expired'])
  })

  it('lose their files when the bot is removed', async () => {
    const { dispose } = world.add({ botId: 'OTHER', token: 'other' })
    const other = world.client({ botId: 'OTHER', token: 'other' })
    await other.post(other.image(world.wecom.media(png, 'a.png')))
    const { src } = session!.elements![0].attrs
    assert.match(src, /^internal:wecom-bot\/OTHER\//)
    await open(src)
    await dispose()
    await assert.rejects(open(src), /status code: 404/)
  })

  it('can be encrypted with the previous key', async () => {
    const [next, previous] = ['b'.repeat(43), encodingAESKey]
    const { dispose } = world.add({
      botId: 'NEW', token: 'new', encodingAESKey: next, previousToken: token, previousEncodingAESKey: previous,
    })
    const changing = world.client({ botId: 'NEW', token: 'new', encodingAESKey: next })
    await changing.post(changing.image(world.wecom.media(png, 'a.png')))
    assert.ok((await open(session!.elements![0].attrs.src)).data.equals(png))
    await dispose()
  })
})
