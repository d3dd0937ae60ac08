import assert from 'node:assert/strict'
import { h } from 'koishi'
import { shutDown } from '../../src/shutdown'
import { app, XmlWorld } from '../support/xml-world'

describe('PassiveHandler: callbacks of a self-built app', () => {
  const xml = new XmlWorld()

  for (const [name, fields, expected] of [
    ['an image', '<MsgType>image</MsgType><PicUrl><![CDATA[http://pic.example/1]]></PicUrl><MediaId>M</MediaId>', /^<img src="internal:[^"]+"\/>$/],
    ['a voice with transcript', '<MsgType>voice</MsgType><MediaId>M</MediaId><Format>amr</Format><Recognition><![CDATA[你好]]></Recognition>', /^你好$/],
    ['a voice without', '<MsgType>voice</MsgType><MediaId>M</MediaId><Format>amr</Format>', /^<audio src="internal:[^"]+"\/>$/],
    ['a video', '<MsgType>video</MsgType><MediaId>M</MediaId><ThumbMediaId>T</ThumbMediaId>', /^<video src="internal:[^"]+"\/>$/],
    ['a place', '<MsgType>location</MsgType><Location_X>23.1</Location_X><Location_Y>113.3</Location_Y><Scale>16</Scale><Label><![CDATA[广州]]></Label>', /^<wecom-bot:location latitude="23.1" longitude="113.3" label="广州">广州 \(23.1, 113.3\)<\/wecom-bot:location>$/],
    ['a link', '<MsgType>link</MsgType><Title><![CDATA[T]]></Title><Description><![CDATA[D]]></Description><Url><![CDATA[https://a.example]]></Url>', /^<a href="https:\/\/a.example">T<\/a>\nD$/],
  ] as const) {
    it(`reads ${name}`, async () => {
      xml.start(app)
      xml.answer = () => 'ok'
      assert.equal((await xml.client.post(xml.client.app(fields))).content, 'ok')
      assert.match(xml.sessions[0].content!, expected)
    })
  }

  it('opens files through the API', async () => {
    const bot = xml.start(app)
    xml.answer = () => 'ok'
    xml.api.media.M = { bytes: Buffer.from('#!AMR\n.....'), name: 'voice.amr' }
    await xml.client.post(xml.client.app('<MsgType>voice</MsgType><MediaId>M</MediaId>'))
    const file = await bot.ctx.http.file(h.select(xml.sessions[0].elements!, 'audio')[0].attrs.src)
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
      xml.start({ receiveId: 'wwCORP' })
      const message = xml.client.app(fields)
      for (let count = 0; count < 2; count++) assert.match((await xml.client.post(message)).content!, /请发送文字/)
      assert.equal(xml.sessions.length, 0)
    })
  }

  it('identifies an event by person and time', async () => {
    xml.start({ ...app, welcome: '**欢迎**' })
    const subscribe = xml.client.event('subscribe')
    assert.equal((await xml.client.post(subscribe)).content, '欢迎')
    assert.equal((await xml.client.post(subscribe)).content, '欢迎')
    assert.equal((await xml.client.post(xml.client.event('enter_agent'))).raw, '')
    await xml.client.post(xml.client.event('LOCATION', '<Latitude>23.1</Latitude><ResponseCode>SECRET-CODE</ResponseCode>'))
    await xml.client.post(xml.client.event('enter_agent', '', 1700000001))
    const internal = xml.events.filter(({ type }) => type.startsWith('wecom-bot/'))
    assert.deepEqual(internal.map(({ type }) => type), [
      'wecom-bot/enter-chat', 'wecom-bot/enter_agent', 'wecom-bot/LOCATION', 'wecom-bot/enter_agent',
    ])
    assert.equal((internal[2].data.data as { latitude: string }).latitude, '23.1')
    assert.equal(JSON.stringify(internal).includes('SECRET-CODE'), false)
    assert.equal(xml.sessions.length, 0)
  })

  it('takes a click in the menu as a message with its key', async () => {
    xml.start(app)
    const { content } = await xml.client.post(xml.client.event('click', '<EventKey><![CDATA[i:help me]]></EventKey>'))
    assert.equal(content, 'you said help me')
    assert.equal((await xml.client.post(xml.client.event('click', '<EventKey><![CDATA[KEY]]></EventKey>'))).raw, '')
    const buttons = xml.events.filter(({ type }) => type === 'interaction/button').map(({ data }) => (data.button as { id: string }).id)
    assert.deepEqual(buttons, ['help me', 'KEY'])
  })

  it('turns away a click beyond the limit', async () => {
    xml.start({ ...app, maxUserTurns: 1, passiveReply: 50 })
    xml.answer = () => new Promise(() => {})
    await xml.client.post(xml.client.text('hi'))
    const { content } = await xml.client.post(xml.client.event('click', '<EventKey><![CDATA[i:help me]]></EventKey>'))
    assert.match(content!, /正在处理的消息太多/)
    assert.equal(xml.sessions.length, 1)
  })

  it('says in the reply or through the app that the process is ending', async () => {
    for (const passiveReply of [4000, 100]) {
      const bot = xml.start({ ...app, passiveReply, drain: 100 })
      xml.answer = () => new Promise(() => {})
      const waiting = xml.client.post(xml.client.text('hi'))
      await xml.until(() => xml.sessions.length)
      if (passiveReply === 100) assert.equal((await waiting).raw, '')
      await shutDown(bot.services, bot.config.drain)
      const { content } = await waiting
      assert.match(content ?? xml.api.messages[0].markdown.content, /重启.*再问一次/)
      assert.equal(xml.api.messages.length, Number(passiveReply === 100))
      xml.sessions = []
      await xml.dispose()
    }
  })
})
