import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { Session } from 'koishi'
import { createHttpProxy, createSocks } from 'testkit'
import { until } from 'common/testing'
import type WecomBot from '../src'
import type { Config } from '../src'
import { createAppApi } from './support/app'
import type { World } from './support/world'
import { createWorld, encodingAESKey, freePort, path, token } from './support/world'
import { XmlClient } from './support/xml'

const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds))

const hidden = {
  token,
  encodingAESKey,
  previousToken: 'previousTokenSecret',
  previousEncodingAESKey: 'c'.repeat(43),
  healthToken: 'healthTokenSecret',
  webhookKey: 'webhookKeySecret',
  robotKey: 'robotKeySecret',
  appSecret: 'appSecretSecret',
  accessToken: 'accessTokenSecret',
  proxyPassword: 'proxyPasswordSecret',
  mediaSign: 'mediaSignSecret',
  mediaKey: 'mediaKeySecretmediaKeySecretmediaKeySecretm',
  response: 'response_code',
  said: 'what people say',
  answer: 'what the bot answers',
}

describe('secrets', () => {
  let world: World
  let answer: (session: Session) => unknown = () => hidden.answer

  before(async () => {
    world = await createWorld()
    world.app.middleware(session => answer(session) as never)
  })

  const closing: (() => Promise<void>)[] = []

  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
  })

  after(() => world.close())

  function settings() {
    const { previousToken, previousEncodingAESKey, healthToken, webhookKey } = hidden
    return { previousToken, previousEncodingAESKey, healthToken, webhookKey, firstReply: 4000 }
  }

  function assertClean(text = world.log.text) {
    for (const [name, secret] of Object.entries(hidden)) assert.ok(!text.includes(secret), `${name}:\n${text}`)
  }

  /** Sends a message after the stream is closed, so that it uses the fallback delivery. */
  async function sayLate(options: { chatId?: string }) {
    const client = world.client()
    let late!: Session
    answer = (session) => {
      late = session
      return hidden.answer
    }
    const { reply } = await client.post(client.text(hidden.said, options))
    assert.equal(reply!.stream!.finish, true)
    // The server notices a moment later that its response has arrived.
    await until(() => !(late.bot as WecomBot).services.turns.find(reply!.stream!.id)?.isUnfinished)
    return late.send(hidden.answer)
  }

  it('are not logged at the highest level while everything works', async () => {
    const { dispose } = world.add(settings())
    assert.equal((await world.client().verify()).ok, true)
    await sayLate({ chatId: 'GROUP' })
    await dispose()
    assertClean()
    assert.equal(world.wecom.responses.at(-1)!.errcode, 0)
  })

  it('are not logged for an undelivered answer, neither its address nor its text', async () => {
    const { dispose } = world.add(settings())
    for (const failure of [{ errcode: 40008 }, { reset: true as const }, { status: 502, body: hidden.answer }]) {
      world.log.lines.splice(0)
      world.wecom.fail('response', failure)
      await sayLate({})
      assert.match(world.log.text, /characters not delivered/)
      assertClean()
    }
    await dispose()
  })

  it('are not logged for an untrusted address', async () => {
    const { dispose } = world.add({ ...settings(), trustedHosts: [], apiEndpoint: 'https://qyapi.weixin.qq.com' })
    world.log.lines.splice(0)
    await sayLate({})
    assert.match(world.log.text, /untrusted host/)
    assertClean()
    await dispose()
  })

  it('are not logged for a webhook that refuses a message', async () => {
    const { dispose } = world.add(settings())
    world.wecom.fail('response', { errcode: 40008 })
    world.wecom.fail('webhook', { errcode: 93000 })
    world.log.lines.splice(0)
    await sayLate({ chatId: 'GROUP' })
    assert.match(world.log.text, /93000/)
    assertClean()
    await dispose()
  })

  it('are not logged for a wrong key', async () => {
    const key = 'x'.repeat(20) + 'SECRET'
    assert.throws(() => world.add({ encodingAESKey: key }), error => !(error as Error).message.includes(key))
    await pause(10)
    assertClean()
  })

  it('are not logged for an attachment that cannot be opened', async () => {
    const { dispose } = world.add({ ...settings(), mediaLimit: 1 })
    const client = world.client()
    answer = async (session) => {
      const { src } = session.elements!.find(({ type }) => type === 'img')!.attrs
      return await session.app.http.file(src).then(() => 'opened', error => inspect(error, { depth: 9 }))
    }
    const links = [
      [`${world.wecom.origin}/media/none?sign=${hidden.mediaSign}`, /404/],
      [`https://10.0.0.1/x?sign=${hidden.mediaSign}`, /private/],
      [`http://127.0.0.1:${await freePort()}/x?sign=${hidden.mediaSign}`, /private/],
      [`gopher://example.com/${hidden.mediaSign}`, /not an HTTP URL/],
      [world.wecom.media(Buffer.alloc(2 << 20), hidden.mediaSign), /larger/],
      [world.wecom.media(Buffer.from('file'), hidden.mediaSign), /cannot be decrypted/],
    ] as const
    for (const [url, reason] of links) {
      world.log.lines.splice(0)
      const { reply } = await client.post(client.message('image', { url, aeskey: hidden.mediaKey }))
      assert.match(world.log.text, reason)
      assertClean()
      assertClean(reply!.stream!.content)
    }
    await dispose()
  })

  /** Sends a message to an app, which answers too late for the reply. */
  async function askApp(config: Partial<Config>) {
    const { dispose } = world.add({
      ...settings(),
      corpId: 'wwCORP',
      agentId: '1000002',
      secret: hidden.appSecret,
      passiveReply: 10,
      ...config,
    })
    answer = () => pause(30).then(() => hidden.answer)
    world.log.lines.splice(0)
    const client = new XmlClient(world.origin + path, 'wwCORP')
    await client.post(client.text(hidden.said))
    await until(() => /are lost|not delivered/.test(world.log.text))
    await dispose()
    return world.log.text
  }

  it('are not logged for an API that refuses the app', async () => {
    const api = await createAppApi()
    closing.push(() => api.close())
    const token = { errcode: 0, access_token: hidden.accessToken, expires_in: 7200 }
    for (const [answers, reason] of [
      [{ gettoken: [{ errcode: 40001, errmsg: `invalid credential ${hidden.appSecret}` }] }, /40001/],
      [{ gettoken: [token], 'message/send': [{ errcode: 60011, errmsg: `no privilege ${hidden.answer}` }] }, /60011/],
      [{ gettoken: [token], 'message/send': [hidden.accessToken] }, /not JSON with an "errcode"/],
      [{ gettoken: [{ errcode: 0, secret: hidden.appSecret }] }, /no "access_token"/],
    ] as const) {
      Object.assign(api.answers, structuredClone(answers))
      assert.match(await askApp({ apiEndpoint: api.origin }), reason)
      assertClean()
    }
  })

  it('are not logged for a proxy that fails', async () => {
    const other = { username: 'other', password: 'other' }
    const proxies = [await createSocks(other), await createHttpProxy(other)]
    closing.push(...proxies.map(proxy => () => proxy.close()))
    for (const { url } of [...proxies, { url: `socks5h://127.0.0.1:${await freePort()}` }]) {
      const proxy = new URL(url)
      Object.assign(proxy, { username: 'user', password: hidden.proxyPassword })
      const { dispose } = world.add({ ...settings(), proxy: proxy.href })
      world.log.lines.splice(0)
      world.wecom.fail('response', { reset: true }, 4)
      await sayLate({}).catch(() => {})
      assert.match(world.log.text, /proxy|are lost|not delivered/)
      assertClean()
      await dispose()
    }
  })

  it('are not logged for the webhook of a group robot', async () => {
    const { dispose } = world.add({ ...settings(), passiveReply: 10 })
    const robot = new XmlClient(world.origin + path)
    answer = () => pause(30).then(() => hidden.answer)
    world.wecom.fail('webhook', { errcode: 93000 })
    for (const [webhook, reason] of [
      [world.wecom.webhookUrl(hidden.robotKey), /93000/],
      [`https://elsewhere.example/cgi-bin/webhook/send?key=${hidden.robotKey}`, /untrusted host/],
    ] as const) {
      world.log.lines.splice(0)
      await robot.post(robot.robotText(webhook, hidden.said))
      await until(() => reason.test(world.log.text))
      assertClean()
    }
    await dispose()
  })

  it('are not part of errors that plugins receive', async () => {
    const { bot, dispose } = world.add({ ...settings(), webhooks: { GROUP: hidden.robotKey } })
    for (const failure of [{ errcode: 93000 }, { reset: true as const }, { status: 500, body: hidden.robotKey }]) {
      world.wecom.fail('webhook', failure)
      const error: unknown = await bot.sendMessage('GROUP', hidden.answer).then(() => undefined, error => error)
      assert.ok(error instanceof Error && error.name === 'DeliveryError')
      assertClean(inspect(error, { depth: 9, showHidden: true }))
    }
    await dispose()
  })

  it('are not part of the callback status', async () => {
    const { dispose } = world.add({ ...settings(), webhooks: { GROUP: hidden.robotKey }, secret: hidden.appSecret })
    const client = world.client()
    answer = () => hidden.answer
    await client.post(client.text(hidden.said))
    await client.post(client.text(hidden.said), { token: 'wrong' })
    for (const name of ['', '/', '/health', '/metrics']) {
      const headers = { authorization: `Bearer ${hidden.healthToken}` }
      const response = await fetch(world.origin + path + name, { headers })
      assert.equal(response.status, 200)
      assertClean(await response.text() + JSON.stringify([...response.headers]))
    }
    await dispose()
  })
})
