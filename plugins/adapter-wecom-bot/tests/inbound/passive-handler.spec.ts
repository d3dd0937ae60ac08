import assert from 'node:assert/strict'
import sqlite from '@koishijs/plugin-database-sqlite'
import type { Session } from 'koishi'
import { h } from 'koishi'
import type { Config } from '../../src'
import type { AppApi } from '../support/app'
import { createAppApi } from '../support/app'
import { cards } from '../support/cards'
import type { World } from '../support/world'
import { createWorld, encodingAESKey, path } from '../support/world'
import { XmlClient } from '../support/xml'
import { shutDown } from '../../src/shutdown'

const app = { corpId: 'wwCORP', agentId: '1000002', secret: 'APP-SECRET' }
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

describe('PassiveHandler', () => {
  let world: World
  let api: AppApi
  let client: XmlClient
  let dispose: () => Promise<void>
  let sessions: Session[]
  let events: { type: string, data: Record<string, unknown> }[]
  let answer: (session: Session) => h.Fragment | Promise<h.Fragment | void> | void

  before(async () => {
    world = await createWorld()
    api = await createAppApi()
    world.app.middleware(async (session) => {
      sessions.push(session)
      return await answer(session) ?? undefined
    })
    world.app.on('internal/session', (session) => {
      const { type, event } = session
      if (type === 'internal') events.push({ type: event._type!, data: event._data })
      else if (type !== 'send' && type !== 'message') events.push({ type, data: event as never })
    })
  })

  after(async () => {
    await world.close()
    await api.close()
  })

  beforeEach(() => {
    sessions = []
    events = []
    answer = session => h.text(`you said ${session.content}`)
    world.log.lines.splice(0)
    world.wecom.webhooks.length = 0
    Object.assign(api, { messages: [], uploads: [], updates: [], requests: [], answers: {}, tokens: [] })
  })

  afterEach(() => dispose())

  function start(config: Partial<Config> = {}, receiveId = 'wwCORP') {
    const added = world.add({ apiEndpoint: api.origin, passiveReply: 200, unclaimed: 3000, ...config })
    dispose = added.dispose
    client = new XmlClient(world.origin + path, receiveId)
    return added.bot
  }

  async function until(condition: () => unknown) {
    const end = Date.now() + 5000
    while (!condition() && Date.now() < end) await new Promise(resolve => setTimeout(resolve, 5))
    assert.ok(condition())
  }

  const later = (content: h.Fragment, delay = 300) => async () => {
    await new Promise(resolve => setTimeout(resolve, delay))
    return content
  }

  describe('self-built app', () => {
    it('replies from the app to the person', async () => {
      start(app)
      const { status, reply } = await client.post(client.text('hi'))
      assert.equal(status, 200)
      assert.match(reply!, /^<xml><ToUserName><!\[CDATA\[zhangsan\]\]><\/ToUserName><FromUserName><!\[CDATA\[wwCORP\]\]><\/FromUserName><CreateTime>\d{10}<\/CreateTime><MsgType><!\[CDATA\[text\]\]><\/MsgType><Content><!\[CDATA\[you said hi\]\]><\/Content><\/xml>$/)
      assert.equal(api.requests.length, 0)
      const [session] = sessions
      assert.equal(session.channelId, 'private:zhangsan')
      assert.equal(session.isDirect, true)
      assert.equal(session.timestamp, 1700000000_000)
      assert.equal(session.wecomBot!.source!.name, 'app')
    })

    it('replies in plain text', async () => {
      start(app)
      answer = () => h('markdown', h.text('# T\n**b** <a href="https://x.example">x</a>'))
      assert.equal((await client.post(client.text('hi'))).content, 'T\nb <\u200ba href="https://x.example">x<\u200b/a>')
    })

    it('replies without the API if the answer is ready in time', async () => {
      start({ receiveId: 'wwCORP' })
      assert.equal((await client.post(client.text('hi'))).content, 'you said hi')
    })

    it('sends a late answer through the API', async () => {
      start(app)
      answer = later(h('markdown', h.text('**late**')))
      const { status, raw } = await client.post(client.text('hi'))
      assert.deepEqual([status, raw], [200, ''])
      await until(() => api.messages.length)
      assert.deepEqual(api.messages, [
        { touser: 'zhangsan', agentid: 1000002, msgtype: 'markdown', markdown: { content: '**late**' } },
      ])
    })

    it('sends plain text if appFormat is text', async () => {
      start({ ...app, appFormat: 'text' })
      answer = later(h('markdown', h.text('**late**')))
      await client.post(client.text('hi'))
      await until(() => api.messages.length)
      assert.deepEqual(api.messages[0].text, { content: 'late' })
    })

    it('answers a repeated message once', async () => {
      start(app)
      const message = client.text('hi')
      const replies = await Promise.all([client.post(message), client.post(message), client.post(message)])
      replies.push(await client.post(message))
      assert.deepEqual(replies.map(({ content }) => content), Array(4).fill('you said hi'))
      assert.equal(sessions.length, 1)
      answer = later('late')
      const slow = client.text('slow')
      const empty = await Promise.all([client.post(slow), client.post(slow)])
      await until(() => api.messages.length)
      empty.push(await client.post(slow))
      assert.deepEqual(empty.map(({ raw }) => raw), ['', '', ''])
      assert.equal(sessions.length, 2)
      assert.equal(api.messages.length, 1)
    })

    it('answers the repetition if WeCom did not wait for the first reply', async () => {
      start({ ...app, passiveReply: 2000 })
      answer = later('late', 200)
      const message = client.text('hi')
      await assert.rejects(client.post(message, { signal: AbortSignal.timeout(50) }))
      await new Promise(resolve => setTimeout(resolve, 300))
      assert.equal((await client.post(message)).content, 'late')
      assert.equal(api.messages.length, 0)
    })

    it('sends the answer through the API if the reply was lost and is not repeated', async () => {
      start({ ...app, passiveReply: 2000 })
      answer = later('late', 200)
      await assert.rejects(client.post(client.text('hi'), { signal: AbortSignal.timeout(50) }))
      await until(() => api.messages.length)
      assert.equal(api.messages[0].markdown.content, 'late')
    })

    it('replies with what fits, and sends the rest through the API', async () => {
      start(app)
      const text = Array.from({ length: 500 }, (_, index) => `第 ${index} 行`).join('\n')
      answer = () => h('markdown', h.text(text))
      const { content } = await client.post(client.text('hi'))
      assert.ok(Buffer.byteLength(content!) <= 2048)
      await until(() => api.messages.length >= 2)
      await new Promise(resolve => setTimeout(resolve, 50))
      const rest = api.messages.map(({ markdown }) => markdown.content)
      for (const part of rest) assert.ok(Buffer.byteLength(part) <= 2048)
      assert.equal([content, ...rest].join('\n'), text)
    })

    it('says how much is missing if nothing can follow the reply', async () => {
      start({ receiveId: 'wwCORP' })
      answer = () => h.text('字'.repeat(1000))
      const { content } = await client.post(client.text('hi'))
      assert.ok(Buffer.byteLength(content!) <= 2048)
      const [, shown, lost] = /^(字+)\n\n（.*余下约 (\d+) 字未能送达。）$/.exec(content!) ?? []
      assert.ok(shown && Number(lost) + shown.length === 1000, content)
    })

    it('says that the time is over if nothing can follow the reply, and logs it', async () => {
      start({ receiveId: 'wwCORP' })
      answer = async (session) => {
        await session.send('so far')
        return later('late')()
      }
      const { content } = await client.post(client.text('hi'))
      assert.match(content!, /^so far\n\n（已到企业微信的时限/)
      await until(() => world.log.warnings.length)
      assert.match(world.log.text, /characters not delivered: .*set corpId, agentId and secret/)
    })

    it('replies with nothing if there is no answer', async () => {
      start({ ...app, passiveReply: 4000 })
      answer = () => {}
      const started = Date.now()
      assert.equal((await client.post(client.text('hi'))).raw, '')
      assert.ok(Date.now() - started < 1000)
    })

    it('sends images through the API, before or after the text', async () => {
      start(app)
      answer = () => [h.text('see'), h.image(`data:image/png;base64,${png}`)]
      assert.equal((await client.post(client.text('hi'))).content, 'see')
      await until(() => api.messages.length === 1)
      answer = () => h.image(`data:image/png;base64,${png}`)
      assert.equal((await client.post(client.text('hi'))).raw, '')
      await until(() => api.messages.length === 2)
      assert.deepEqual(api.messages.map(({ msgtype }) => msgtype), ['image', 'image'])
      assert.equal(api.uploads[0].bytes.toString('base64'), png)
    })

    for (const [name, fields, expected] of [
      ['an image', '<MsgType>image</MsgType><PicUrl><![CDATA[http://pic.example/1]]></PicUrl><MediaId>M</MediaId>', /^<img src="internal:[^"]+"\/>$/],
      ['a voice with transcript', '<MsgType>voice</MsgType><MediaId>M</MediaId><Format>amr</Format><Recognition><![CDATA[你好]]></Recognition>', /^你好$/],
      ['a voice without', '<MsgType>voice</MsgType><MediaId>M</MediaId><Format>amr</Format>', /^<audio src="internal:[^"]+"\/>$/],
      ['a video', '<MsgType>video</MsgType><MediaId>M</MediaId><ThumbMediaId>T</ThumbMediaId>', /^<video src="internal:[^"]+"\/>$/],
      ['a place', '<MsgType>location</MsgType><Location_X>23.1</Location_X><Location_Y>113.3</Location_Y><Scale>16</Scale><Label><![CDATA[广州]]></Label>', /^<wecom-bot:location latitude="23.1" longitude="113.3" label="广州">广州 \(23.1, 113.3\)<\/wecom-bot:location>$/],
      ['a link', '<MsgType>link</MsgType><Title><![CDATA[T]]></Title><Description><![CDATA[D]]></Description><Url><![CDATA[https://a.example]]></Url>', /^<a href="https:\/\/a.example">T<\/a>\nD$/],
    ] as const) {
      it(`reads ${name}`, async () => {
        start(app)
        answer = () => 'ok'
        assert.equal((await client.post(client.app(fields))).content, 'ok')
        assert.match(sessions[0].content!, expected)
      })
    }

    it('opens files through the API', async () => {
      const bot = start(app)
      answer = () => 'ok'
      api.media.M = { bytes: Buffer.from('#!AMR\n.....'), name: 'voice.amr' }
      await client.post(client.app('<MsgType>voice</MsgType><MediaId>M</MediaId>'))
      const file = await bot.ctx.http.file(h.select(sessions[0].elements!, 'audio')[0].attrs.src)
      assert.equal(Buffer.from(file.data).toString(), '#!AMR\n.....')
      assert.equal(file.filename, 'voice.amr')
    })

    for (const [name, fields] of [
      ['a voice message that cannot be fetched', '<MsgType>voice</MsgType><MediaId>M</MediaId>'],
      ['an unknown type', '<MsgType>sight</MsgType>'],
      ['a place without coordinates', '<MsgType>location</MsgType><Label>x</Label>'],
      ['an empty text', '<MsgType>text</MsgType><Content></Content>'],
    ]) {
      it(`replies with a notice to ${name}`, async () => {
        start({ receiveId: 'wwCORP' })
        const message = client.app(fields)
        for (let count = 0; count < 2; count++) assert.match((await client.post(message)).content!, /请发送文字/)
        assert.equal(sessions.length, 0)
      })
    }

    it('identifies an event by person and time', async () => {
      start({ ...app, welcome: '**欢迎**' })
      const subscribe = client.event('subscribe')
      assert.equal((await client.post(subscribe)).content, '欢迎')
      assert.equal((await client.post(subscribe)).content, '欢迎')
      assert.equal((await client.post(client.event('enter_agent'))).raw, '')
      await client.post(client.event('LOCATION', '<Latitude>23.1</Latitude><ResponseCode>SECRET-CODE</ResponseCode>'))
      await client.post(client.event('enter_agent', '', 1700000001))
      const internal = events.filter(({ type }) => type.startsWith('wecom-bot/'))
      assert.deepEqual(internal.map(({ type }) => type), [
        'wecom-bot/enter-chat', 'wecom-bot/enter_agent', 'wecom-bot/LOCATION', 'wecom-bot/enter_agent',
      ])
      assert.equal((internal[2].data.data as { latitude: string }).latitude, '23.1')
      assert.equal(JSON.stringify(internal).includes('SECRET-CODE'), false)
      assert.equal(sessions.length, 0)
    })

    it('takes a click in the menu as a message with its key', async () => {
      start(app)
      const { content } = await client.post(client.event('click', '<EventKey><![CDATA[i:help me]]></EventKey>'))
      assert.equal(content, 'you said help me')
      assert.equal((await client.post(client.event('click', '<EventKey><![CDATA[KEY]]></EventKey>'))).raw, '')
      const buttons = events.filter(({ type }) => type === 'interaction/button').map(({ data }) => (data.button as { id: string }).id)
      assert.deepEqual(buttons, ['help me', 'KEY'])
    })

    it('turns away a click beyond the limit', async () => {
      start({ ...app, maxUserTurns: 1, passiveReply: 50 })
      answer = () => new Promise(() => {})
      await client.post(client.text('hi'))
      const { content } = await client.post(client.event('click', '<EventKey><![CDATA[i:help me]]></EventKey>'))
      assert.match(content!, /正在处理的消息太多/)
      assert.equal(sessions.length, 1)
    })

    it('says in the reply or through the app that the process is ending', async () => {
      for (const passiveReply of [4000, 100]) {
        const bot = start({ ...app, passiveReply, drain: 100 })
        answer = () => new Promise(() => {})
        const waiting = client.post(client.text('hi'))
        await until(() => sessions.length)
        if (passiveReply === 100) assert.equal((await waiting).raw, '')
        await shutDown(bot.services, bot.config.drain)
        const { content } = await waiting
        assert.match(content ?? api.messages[0].markdown.content, /重启.*再问一次/)
        assert.equal(api.messages.length, Number(passiveReply === 100))
        sessions = []
        await dispose()
      }
    })

    describe('a click on a card of the app', () => {
      const press = (taskId: string, key: string, at = 1700000000, more = '') => client.event('template_card_event',
        `<EventKey><![CDATA[${key}]]></EventKey><TaskId><![CDATA[${taskId}]]></TaskId>`
        + `<CardType>button_interaction</CardType><ResponseCode><![CDATA[SECRET-CODE]]></ResponseCode>${more}`, at)
      const pressed = () => events.filter(({ type }) => type === 'interaction/button').map(({ data }) => (data.button as { id: string }).id)
      const update = (name: string) => ({
        userids: ['zhangsan'], agentid: 1000002, response_code: 'SECRET-CODE', button: { replace_name: name },
      })

      it('closes the card once, and can be answered in the reply', async () => {
        const bot = start(app)
        await bot.sendMessage('private:zhangsan', h('wecom-bot:card', { content: cards.button_interaction }))
        assert.equal(api.messages[0].msgtype, 'template_card')
        bot.ctx.once('interaction/button', session => void session.send('部署中'))
        const { content } = await client.post(press('deploy-42@1', 'yes'))
        await until(() => api.updates.length)
        assert.equal(content, '部署中')
        assert.deepEqual(api.updates, [update('是')])
        assert.equal((await client.post(press('deploy-42@1', 'no', 1700000009))).raw, '')
        assert.deepEqual(pressed(), ['yes'])
        assert.equal(JSON.stringify(events).includes('SECRET-CODE'), false)
        assert.deepEqual(world.log.warnings, [])
      })

      it('can be on the submit button, with the selected options', async () => {
        const bot = start(app)
        await bot.sendMessage('private:zhangsan', h('wecom-bot:card', { content: cards.vote_interaction }))
        const chosen = '<SelectedItems><SelectedItem><QuestionKey>lunch</QuestionKey><OptionIds><OptionId>a</OptionId></OptionIds></SelectedItem></SelectedItems>'
        await client.post(press('lunch@1', 'vote', undefined, chosen))
        await until(() => api.updates.length)
        assert.deepEqual(api.updates, [update('投票')])
        const { click } = events.find(({ type }) => type === 'wecom-bot/card-click')!.data as { click: { selected: object } }
        assert.deepEqual(click.selected, { lunch: ['a'] })
      })

      it('changes nothing for an unknown card or a menu', async () => {
        const bot = start(app)
        await bot.sendMessage('private:zhangsan', h('wecom-bot:card', { content: cards.text_notice }))
        await client.post(press('other', 'yes'))
        await client.post(client.event('template_card_menu_event', '<EventKey>mute</EventKey><TaskId>notice@1</TaskId>'))
        assert.deepEqual(pressed(), ['yes', 'mute'])
        assert.deepEqual(api.updates, [])
      })

      it('logs why a card cannot be closed', async () => {
        const bot = start(app)
        await bot.sendMessage('private:zhangsan', h('wecom-bot:card', { content: cards.button_interaction }))
        api.answers['message/update_template_card'] = [{ errcode: 60020, errmsg: 'not allow, from ip: 203.0.113.9' }]
        await client.post(press('deploy-42@1', 'yes'))
        await until(() => world.log.warnings.length)
        assert.match(world.log.warnings[0], /60020/)
        assert.doesNotMatch(world.log.text, /SECRET/)
        assert.deepEqual(pressed(), ['yes'])
      })
    })

    it('refuses callbacks for another app or receive id', async () => {
      start({ ...app, agentId: '7' })
      assert.equal((await client.post(client.text('hi'))).status, 403)
      await dispose()
      start(app)
      assert.equal((await client.post(client.text('hi'), { receiveId: 'wwOTHER' })).status, 403)
      assert.equal((await client.post(client.text('hi'), { receiveId: '' })).status, 403)
      await dispose()
      start()
      assert.equal((await client.post(client.text('hi'), { receiveId: '' })).status, 403)
      assert.equal((await client.post(client.text('hi'))).status, 403)
      assert.equal(sessions.length, 0)
    })

    it('serves an intelligent bot on the same path, and confuses neither', async () => {
      start(app)
      const bot = world.client()
      assert.equal((await bot.post(bot.text('hi'))).reply!.stream!.content, 'you said hi')
      assert.equal((await client.post(client.text('hi'))).content, 'you said hi')
      assert.equal((await bot.post(bot.text('hi'), { receiveId: 'wwCORP' })).status, 403)
      assert.equal((await client.post(client.text('hi'), { json: true })).status, 400)
      assert.equal((await client.post('{"msgid":"1","msgtype":"text","from":{"userid":"u"},"text":{"content":"x"}}', { receiveId: '' })).status, 400)
    })

    it('accepts the previous key, also with the same token', async () => {
      start({ ...app, encodingAESKey: 'x'.repeat(43), previousEncodingAESKey: encodingAESKey })
      assert.equal((await client.post(client.text('hi'))).content, 'you said hi')
      const bot = world.client()
      assert.equal((await bot.post(bot.text('hi'))).reply!.stream!.content, 'you said hi')
      const next = world.client({ encodingAESKey: 'x'.repeat(43) })
      assert.equal((await next.post(next.text('hi'))).reply!.stream!.content, 'you said hi')
    })

    it('verifies the URL with the corp id', async () => {
      start(app)
      assert.equal((await world.client({ receiveId: 'wwCORP' }).verify()).ok, true)
      assert.equal((await world.client().verify()).ok, true)
      assert.equal((await world.client({ receiveId: 'wwOTHER' }).verify()).ok, false)
    })

    it('lets plugins message a person first', async () => {
      const bot = start(app)
      await bot.sendMessage('private:lisi', [h.text('hi'), h.file(Buffer.from('content'), 'text/plain', { title: 'a.txt' })])
      assert.deepEqual(api.messages.map(({ touser, msgtype }) => [touser, msgtype]), [['lisi', 'markdown'], ['lisi', 'file']])
      assert.equal(api.uploads[0].bytes.toString(), 'content')
      for (const channelId of ['private:@all', 'private:a|b', 'private:', 'wr-group']) {
        await assert.rejects(bot.createMessage(channelId, 'x'), { code: 'wecom-bot/no-route' })
      }
      assert.equal(api.messages.length, 2)
    })

    it('logs what to do about an untrusted address', async () => {
      start(app)
      api.answers['message/send'] = [{ errcode: 60020, errmsg: 'not allow to access from your ip, hint: [1], from ip: 203.0.113.9, more info' }]
      answer = later('late')
      await client.post(client.text('hi'))
      await until(() => world.log.warnings.length)
      assert.match(world.log.warnings[0], /60020.*企业可信IP.*trusted IPs.*\(203\.0\.113\.9\)/)
      assert.equal(/APP-SECRET|TOKEN/.test(world.log.text), false)
    })
  })

  describe('legacy group robot', () => {
    const webhook = () => world.wecom.webhookUrl('ROBOT-KEY')

    it('replies in the group', async () => {
      start({}, '')
      const { reply } = await client.post(client.robotText(webhook(), '@RobotA hello'))
      assert.equal(reply, '<xml><MsgType><![CDATA[text]]></MsgType><Text><Content><![CDATA[you said <at id="wecom-bot"/>hello]]></Content></Text></xml>')
      const [session] = sessions
      assert.deepEqual([session.channelId, session.guildId, session.userId, session.username], ['wrk1', 'wrk1', 'zhangsan', '张三'])
      assert.equal(JSON.stringify(session.wecomBot).includes('ROBOT-KEY'), false)
      assert.equal(JSON.stringify(session.toJSON()).includes('ROBOT-KEY'), false)
    })

    it('sends a late answer through the robot\'s own webhook, to the same chat', async () => {
      start({}, '')
      answer = later('late')
      assert.equal((await client.post(client.robotText(webhook(), 'hi'))).raw, '')
      await until(() => world.wecom.webhooks.length)
      const [{ key, body }] = world.wecom.webhooks
      assert.deepEqual([key, body], ['ROBOT-KEY', { chatid: 'wrk1', msgtype: 'markdown_v2', markdown_v2: { content: 'late' } }])
    })

    it('lets plugins message its chat later', async () => {
      const bot = start({}, '')
      await assert.rejects(bot.createMessage('wrk1', 'x'), { code: 'wecom-bot/no-route' })
      await client.post(client.robotText(webhook(), 'hi'))
      await client.post(client.robotText(webhook(), 'hi', { chatType: 'single' }))
      await bot.sendMessage('wrk1', 'x')
      await bot.sendMessage('private:zhangsan', 'y')
      assert.deepEqual(world.wecom.webhooks.map(({ body }) => [body.chatid, body.markdown_v2.content]), [['wrk1', 'x'], ['wrk1', 'y']])
      assert.deepEqual(sessions.map(({ channelId }) => channelId), ['wrk1', 'private:zhangsan'])
    })

    it('never sends through a webhook on another host', async () => {
      start({}, '')
      answer = later('late')
      const { content } = await client.post(client.robotText('https://evil.example/cgi-bin/webhook/send?key=K', 'hi'))
      assert.match(content!, /时限/)
      await until(() => world.log.warnings.length >= 2)
      assert.match(world.log.text, /untrusted host/)
      assert.equal(world.log.text.includes('evil.example'), false)
    })

    it('reads mixed messages and images', async () => {
      start({}, '')
      answer = () => 'ok'
      await client.post(client.robot(webhook(), '<MsgType>mixed</MsgType><MixedMessage><MsgItem><MsgType>text</MsgType><Text><Content>@R look</Content></Text></MsgItem><MsgItem><MsgType>image</MsgType><Image><ImageUrl><![CDATA[http://pic.example/1]]></ImageUrl></Image></MsgItem></MixedMessage>'))
      await client.post(client.robot(webhook(), '<MsgType>image</MsgType><Image><ImageUrl><![CDATA[http://pic.example/1]]></ImageUrl></Image>', { chatType: 'single' }))
      assert.match(sessions[0].content!, /^<at id="wecom-bot"\/>look<img src="internal:[^"]+"\/>$/)
      assert.match(sessions[1].content!, /^<img src="internal:[^"]+"\/>$/)
    })

    it('takes a click on a button as a message', async () => {
      start({}, '')
      const attachment = '<MsgType>attachment</MsgType><Attachment><CallbackId>cb</CallbackId><Actions><Name>n</Name><Value>i:more</Value><Type>button</Type></Actions></Attachment>'
      assert.match((await client.post(client.robot(webhook(), attachment))).content!, /more$/)
      assert.equal(events.find(({ type }) => type === 'interaction/button')!.data.channel, sessions[0].event.channel)
    })

    it('notifies plugins of events', async () => {
      start({ welcome: 'welcome' }, '')
      const event = (name: string) => `<MsgType>event</MsgType><Event><EventType>${name}</EventType></Event>`
      assert.equal((await client.post(client.robot(webhook(), event('enter_chat'), { chatType: 'single' }))).content, 'welcome')
      assert.equal((await client.post(client.robot(webhook(), event('add_to_chat')))).raw, '')
      assert.equal((await client.post(client.robot(webhook(), event('delete_from_chat')))).raw, '')
      const types = events.map(({ type }) => type).filter(type => !type.startsWith('login-'))
      assert.deepEqual(types, [
        'wecom-bot/enter-chat', 'wecom-bot/add_to_chat', 'guild-added', 'wecom-bot/delete_from_chat', 'guild-removed',
      ])
      assert.equal(JSON.stringify(events).includes('ROBOT-KEY'), false)
    })

    it('replies in JSON to a callback in JSON', async () => {
      start({}, '')
      const message = { webhook_url: webhook(), msgid: 'j1', chatid: 'wrk1', chattype: 'group', from: { userid: 'u', name: 'n' }, msgtype: 'text', text: { content: '@R hi' } }
      const { reply } = await client.post(JSON.stringify(message), { json: true })
      assert.deepEqual(JSON.parse(reply!), { msgtype: 'text', text: { content: 'you said <at id="wecom-bot"/>hi' } })
    })
  })

  it('replies from the database to a repetition after a restart', async () => {
    const other = await createWorld(app => void app.plugin(sqlite as never, { path: ':memory:' } as never))
    let count = 0
    other.app.middleware(async (session) => {
      count++
      return session.content === 'never' ? new Promise<string>(() => {}) : 'answered'
    })
    try {
      const config: Partial<Config> = { ...app, apiEndpoint: api.origin, storage: 'database', passiveReply: 200 }
      const first = other.add(config)
      client = new XmlClient(other.origin + path, 'wwCORP')
      const [answered, never, event] = [client.text('hi'), client.text('never'), client.event('enter_agent')]
      assert.equal((await client.post(answered)).content, 'answered')
      assert.equal((await client.post(never)).raw, '')
      await client.post(event)
      await first.bot.services.stores.dispose()
      await first.dispose()
      other.add(config)
      assert.equal((await client.post(answered)).content, 'answered')
      assert.match((await client.post(never)).content!, /重启/)
      assert.equal((await client.post(event)).raw, '')
      assert.equal(count, 2)
    } finally {
      await other.close()
      dispose = async () => {}
    }
  })

  for (const [name, body] of Object.entries({
    'a document type': '<!DOCTYPE xml [<!ENTITY x "y">]><xml><Encrypt>x</Encrypt></xml>',
    'a document type that hides': '<xml a="<!--"><!DOCTYPE x>--><Encrypt>x</Encrypt></xml>',
    'another root': '<html><Encrypt>x</Encrypt></html>',
    'no ciphertext': '<xml><ToUserName>x</ToUserName></xml>',
    'ciphertext in ciphertext': '<xml><Encrypt><Encrypt>x</Encrypt></Encrypt></xml>',
    'too deep a nest': '<xml>'.repeat(100),
    'too many elements': `<xml>${'<a/>'.repeat(5000)}</xml>`,
    'too much': `<xml><Encrypt>${'A'.repeat(200_000)}</Encrypt></xml>`,
    'no end': '<xml><Encrypt><![CDATA[x',
  })) {
    it(`refuses ${name}`, async () => {
      start({}, '')
      const response = await fetch(`${world.origin}${path}?msg_signature=${'0'.repeat(40)}&timestamp=1&nonce=1`, { method: 'POST', body })
      assert.equal(response.status, 400)
      assert.equal(await response.text(), 'bad request')
    })
  }
})
