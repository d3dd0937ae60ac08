import assert from 'node:assert/strict'
import { once } from 'node:events'
import Dingtalk from '@koishijs/plugin-adapter-dingtalk'
import { HTTP } from '@koishijs/plugin-http'
import { Context, Logger } from 'koishi'
import type { ForkScope, Session } from 'koishi'
import type { Dingtalk as Platform } from '../../src'
import { createDingtalk, manualClock, dingtalkErrors } from '../../src'
import { WebSocket } from 'ws'

describe('createDingtalk', () => {
  let platform: Platform

  afterEach(() => platform.close())

  function call(method: string, path: string, body?: object, token?: string) {
    return fetch(new URL(path, platform.apiEndpoint), {
      method,
      headers: { 'content-type': 'application/json', ...token && { 'x-acs-dingtalk-access-token': token } },
      body: body && JSON.stringify(body),
    })
  }

  async function login() {
    const response = await call('POST', 'oauth2/accessToken', { appKey: 'dingkey', appSecret: 'ding-secret' })
    return (await response.json() as { accessToken: string }).accessToken
  }

  const frame = (guid: string, content: string, more = {}) => {
    return { outTrackId: 'c1', guid, key: 'content', content, isFull: true, isFinalize: false, isError: false, ...more }
  }

  const card = {
    cardTemplateId: 'a.schema', outTrackId: 'c1', callbackType: 'STREAM', cardData: { cardParamMap: { content: '' } },
    openSpaceId: 'dtv1.card//IM_ROBOT.alice', imRobotOpenSpaceModel: { supportForward: true },
    imRobotOpenDeliverModel: { spaceType: 'IM_ROBOT', robotCode: 'dingkey' }, userIdType: 1,
  }

  describe('API', () => {
    it('accepts access tokens until they expire', async () => {
      const clock = manualClock()
      platform = await createDingtalk({ clock })
      const wrong = await call('POST', 'oauth2/accessToken', { appKey: 'dingkey', appSecret: 'no' })
      assert.equal(wrong.status, 400)
      const token = await login()
      assert.equal((await call('GET', 'microApp/allInnerApps', undefined, token)).status, 200)
      clock.advance(7_200_000)
      const outdated = await call('GET', 'microApp/allInnerApps', undefined, token)
      assert.deepEqual([outdated.status, (await outdated.json() as { code: string }).code], [400, 'InvalidAuthentication'])
    })

    it('applies each update of a card once', async () => {
      platform = await createDingtalk()
      const token = await login()
      const created = await call('POST', 'card/instances/createAndDeliver', card, token)
      const { result } = await created.json() as { result: { deliverResults: { success: boolean }[] } }
      assert.equal(result.deliverResults[0].success, true)
      assert.equal(platform.cards[0].state, 'processing')
      await call('PUT', 'card/streaming', frame('1', 'a'), token)
      assert.equal(platform.cards[0].state, 'typing')
      await call('PUT', 'card/streaming', frame('2', 'ab', { isFinalize: true }), token)
      await call('PUT', 'card/streaming', frame('2', 'again'), token)
      assert.deepEqual([platform.cards[0].state, platform.cards[0].content], ['finished', 'ab'])
      assert.equal(platform.cards[0].space, 'IM_ROBOT.alice')
    })

    for (const [name, body, message] of [
      ['without a key', frame('1', 'a', { key: '' }), 'key is empty'],
      ['without a guid', frame('', 'a'), 'guid is empty'],
      ['without content', frame('1', ''), 'content is empty'],
      ['without isFull', frame('1', 'a', { isFull: undefined }), 'isFull null'],
      ['without the full content', frame('1', 'a', { isFull: false }), 'a Markdown variable takes the full content only'],
      ['of an unknown card', frame('1', 'a', { outTrackId: 'other' }), 'outTrackId card is not exist'],
      ['that is too large', frame('1', '字'.repeat(34)), 'content is too large'],
    ] as const) {
      it(`rejects an update ${name}`, async () => {
        platform = await createDingtalk({ cardLimit: 100 })
        const token = await login()
        await call('POST', 'card/instances/createAndDeliver', card, token)
        const response = await call('PUT', 'card/streaming', body, token)
        assert.equal(response.status, 400)
        assert.equal((await response.json() as { message: string }).message, message)
      })
    }

    it('enforces both limits and bills every call except those beyond the limit per second', async () => {
      const clock = manualClock()
      platform = await createDingtalk({ clock, qps: 2, monthly: 4 })
      const token = await login()
      const codes: string[] = []
      for (let index = 0; index < 6; index++) {
        const response = await call('GET', 'microApp/allInnerApps', undefined, token)
        codes.push((await response.json() as { code?: string }).code?.split('.').at(-1) ?? 'ok')
        if (index > 1) clock.advance(1000)
      }
      assert.deepEqual(codes, ['ok', 'ok', 'QpsLimitForAppkeyAndApi', 'ok', 'ok', 'ApiCountLimitForOrg'])
      assert.equal(platform.meter.count, 4)
    })

    it('names the permission that is missing', async () => {
      platform = await createDingtalk()
      const token = await login()
      platform.meter.missing.add('Card.Streaming.Write')
      const response = await call('PUT', 'card/streaming', frame('1', 'a'), token)
      assert.equal(response.status, 403)
      const { accessdenieddetail } = await response.json() as Denied
      assert.deepEqual(accessdenieddetail, { requiredScopes: ['Card.Streaming.Write'] })
    })

    it('injects API errors, the WAF page and connection resets', async () => {
      platform = await createDingtalk()
      const token = await login()
      const ask = () => call('GET', 'microApp/allInnerApps', undefined, token)
      platform.fail('apps', dingtalkErrors.qpsLimit())
      platform.fail('apps', 'ban')
      platform.fail('apps', 'reset')
      assert.equal((await ask()).status, 403)
      assert.match((await ask()).headers.get('content-type')!, /html/)
      await assert.rejects(ask())
      assert.equal((await ask()).status, 200)
      assert.equal(platform.meter.count, 1)
    })
  })

  describe('Stream connection', () => {
    const topic = '/v1.0/im/bot/messages/get'

    async function connect() {
      const credential = { clientId: platform.appKey, clientSecret: platform.appSecret }
      const opened = await call('POST', 'gateway/connections/open', { ...credential, subscriptions: [{ type: 'CALLBACK', topic }] })
      const { endpoint, ticket } = await opened.json() as { endpoint: string, ticket: string }
      return new WebSocket(`${endpoint}?ticket=${ticket}`)
    }

    it('keeps a message while it is cut, and delivers it over the next one', async () => {
      platform = await createDingtalk()
      const first = await connect()
      await platform.stream.connected()
      const cut = once(first, 'close')
      for (const socket of platform.stream.sockets) socket.terminate()
      const said = platform.say('还在吗')
      assert.equal(platform.stream.deliveries[0].sentAt.length, 0)
      await cut
      const next = await connect()
      const [frame] = await once(next, 'message')
      assert.match(String(frame), /还在吗/)
      assert.equal((await said).sentAt.length, 1)
    })
  })

  describe('with the stock adapter', () => {
    let app: Context
    let bot: ForkScope
    let sessions: Session[]

    async function start(options?: Parameters<typeof createDingtalk>[0]) {
      platform = await createDingtalk(options)
      sessions = []
      Logger.levels.base = Logger.SILENT
      app = new Context()
      app.plugin(HTTP as never)
      bot = app.plugin(Dingtalk as never, {
        protocol: 'ws', appkey: platform.appKey, secret: platform.appSecret,
        api: { endpoint: platform.apiEndpoint }, oldApi: { endpoint: platform.oldApiEndpoint },
      })
      app.on('message', session => void sessions.push(session))
      await app.start()
      await platform.stream.connected()
    }

    async function received(count: number) {
      while (sessions.length < count) await new Promise(resolve => setTimeout(resolve, 5))
      return sessions.slice(0, count)
    }

    afterEach(async () => {
      // Koishi reads its list of bots while it stops, so the bot has to be disposed first.
      bot.dispose()
      await app.stop()
      Logger.levels.base = Logger.INFO
    })

    it('sends texts, pictures and files', async () => {
      await start()
      await platform.say('你好', { userId: 'alice' })
      await platform.say('在吗', { userId: 'alice', conversationId: 'cidGROUP' })
      const code = platform.media(Buffer.from('png'), 'image/png')
      const richText = [{ text: '看' }, { type: 'picture' as const, downloadCode: code }]
      await platform.say({ msgtype: 'richText', content: { richText } })
      const [direct, group, rich] = await received(3)
      assert.deepEqual([direct.isDirect, direct.channelId, direct.content], [true, 'alice', '你好'])
      assert.deepEqual([group.isDirect, group.channelId, group.content], [false, 'cidGROUP', ' 在吗'])
      const [text, picture] = rich.elements!
      assert.equal(text.attrs.content, '看')
      assert.equal(await (await fetch(picture.attrs.src)).text(), 'png')
    })

    it('gets a response to a ping', async () => {
      await start()
      assert.equal(await platform.stream.ping(), true)
      platform.stream.silent = true
      assert.equal(await platform.stream.ping(20), false)
    })

    it('repeats unacknowledged callbacks', async () => {
      await start({ redelivery: 20 })
      const delivery = await platform.say('再说一遍')
      await received(3)
      assert.equal(delivery.sentAt.length, 3)
      assert.equal(delivery.acknowledgedAt, undefined)
    })

    it('accepts messages', async () => {
      await start()
      await app.bots[0].sendMessage('cidGROUP', 'hello')
      assert.deepEqual(platform.messages[0].param, { text: 'hello' })
      assert.equal(platform.messages[0].conversationId, 'cidGROUP')
    })
  })
})

interface Denied {
  accessdenieddetail: { requiredScopes: string[] }
}
