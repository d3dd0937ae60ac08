import assert from 'node:assert/strict'
import { XmlWorld } from '../support/xml-world'

describe('PassiveHandler: legacy group robot', () => {
  const xml = new XmlWorld()

  const webhook = () => xml.world.wecom.webhookUrl('ROBOT-KEY')

  it('replies in the group', async () => {
    xml.start({}, '')
    const { reply } = await xml.client.post(xml.client.robotText(webhook(), '@RobotA hello'))
    assert.equal(reply, '<xml><MsgType><![CDATA[text]]></MsgType><Text><Content><![CDATA[you said <at id="wecom-bot"/>hello]]></Content></Text></xml>')
    const [session] = xml.sessions
    assert.deepEqual([session.channelId, session.guildId, session.userId, session.username], ['wrk1', 'wrk1', 'zhangsan', '张三'])
    assert.equal(JSON.stringify(session.wecomBot).includes('ROBOT-KEY'), false)
    assert.equal(JSON.stringify(session.toJSON()).includes('ROBOT-KEY'), false)
  })

  it('sends a late answer through the robot\'s own webhook, to the same chat', async () => {
    xml.start({}, '')
    xml.answer = xml.later('late')
    assert.equal((await xml.client.post(xml.client.robotText(webhook(), 'hi'))).raw, '')
    await xml.until(() => xml.world.wecom.webhooks.length)
    const [{ key, body }] = xml.world.wecom.webhooks
    assert.deepEqual([key, body], ['ROBOT-KEY', { chatid: 'wrk1', msgtype: 'markdown_v2', markdown_v2: { content: 'late' } }])
  })

  it('lets plugins message its chat later', async () => {
    const bot = xml.start({}, '')
    await assert.rejects(bot.createMessage('wrk1', 'x'), { code: 'wecom-bot/no-route' })
    await xml.client.post(xml.client.robotText(webhook(), 'hi'))
    await xml.client.post(xml.client.robotText(webhook(), 'hi', { chatType: 'single' }))
    await bot.sendMessage('wrk1', 'x')
    await bot.sendMessage('private:zhangsan', 'y')
    assert.deepEqual(xml.world.wecom.webhooks.map(({ body }) => [body.chatid, body.markdown_v2.content]), [['wrk1', 'x'], ['wrk1', 'y']])
    assert.deepEqual(xml.sessions.map(({ channelId }) => channelId), ['wrk1', 'private:zhangsan'])
  })

  it('never sends through a webhook on another host', async () => {
    xml.start({}, '')
    xml.answer = xml.later('late')
    const { content } = await xml.client.post(xml.client.robotText('https://evil.example/cgi-bin/webhook/send?key=K', 'hi'))
    assert.match(content!, /时限/)
    await xml.until(() => xml.world.log.warnings.length >= 2)
    assert.match(xml.world.log.text, /untrusted host/)
    assert.equal(xml.world.log.text.includes('evil.example'), false)
  })

  it('reads mixed messages and images', async () => {
    xml.start({}, '')
    xml.answer = () => 'ok'
    await xml.client.post(xml.client.robot(webhook(), '<MsgType>mixed</MsgType><MixedMessage><MsgItem><MsgType>text</MsgType><Text><Content>@R look</Content></Text></MsgItem><MsgItem><MsgType>image</MsgType><Image><ImageUrl><![CDATA[http://pic.example/1]]></ImageUrl></Image></MsgItem></MixedMessage>'))
    await xml.client.post(xml.client.robot(webhook(), '<MsgType>image</MsgType><Image><ImageUrl><![CDATA[http://pic.example/1]]></ImageUrl></Image>', { chatType: 'single' }))
    assert.match(xml.sessions[0].content!, /^<at id="wecom-bot"\/>look<img src="internal:[^"]+"\/>$/)
    assert.match(xml.sessions[1].content!, /^<img src="internal:[^"]+"\/>$/)
  })

  it('takes a click on a button as a message', async () => {
    xml.start({}, '')
    const attachment = '<MsgType>attachment</MsgType><Attachment><CallbackId>cb</CallbackId><Actions><Name>n</Name><Value>i:more</Value><Type>button</Type></Actions></Attachment>'
    assert.match((await xml.client.post(xml.client.robot(webhook(), attachment))).content!, /more$/)
    assert.equal(xml.events.find(({ type }) => type === 'interaction/button')!.data.channel, xml.sessions[0].event.channel)
  })

  it('notifies plugins of events', async () => {
    xml.start({ welcome: 'welcome' }, '')
    const event = (name: string) => `<MsgType>event</MsgType><Event><EventType>${name}</EventType></Event>`
    assert.equal((await xml.client.post(xml.client.robot(webhook(), event('enter_chat'), { chatType: 'single' }))).content, 'welcome')
    assert.equal((await xml.client.post(xml.client.robot(webhook(), event('add_to_chat')))).raw, '')
    assert.equal((await xml.client.post(xml.client.robot(webhook(), event('delete_from_chat')))).raw, '')
    const types = xml.events.map(({ type }) => type).filter(type => !type.startsWith('login-'))
    assert.deepEqual(types, [
      'wecom-bot/enter-chat', 'wecom-bot/add_to_chat', 'guild-added', 'wecom-bot/delete_from_chat', 'guild-removed',
    ])
    assert.equal(JSON.stringify(xml.events).includes('ROBOT-KEY'), false)
  })

  it('replies in JSON to a callback in JSON', async () => {
    xml.start({}, '')
    const message = { webhook_url: webhook(), msgid: 'j1', chatid: 'wrk1', chattype: 'group', from: { userid: 'u', name: 'n' }, msgtype: 'text', text: { content: '@R hi' } }
    const { reply } = await xml.client.post(JSON.stringify(message), { json: true })
    assert.deepEqual(JSON.parse(reply!), { msgtype: 'text', text: { content: 'you said <at id="wecom-bot"/>hi' } })
  })
})
