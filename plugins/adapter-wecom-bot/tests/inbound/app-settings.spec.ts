import assert from 'node:assert/strict'
import { h } from 'koishi'
import { encodingAESKey } from '../support/world'
import { app, XmlWorld } from '../support/xml-world'

describe('PassiveHandler: settings of a self-built app', () => {
  const xml = new XmlWorld()

  it('refuses callbacks for another app or receive id', async () => {
    xml.start({ ...app, agentId: '7' })
    assert.equal((await xml.client.post(xml.client.text('hi'))).status, 403)
    await xml.dispose()
    xml.start(app)
    assert.equal((await xml.client.post(xml.client.text('hi'), { receiveId: 'wwOTHER' })).status, 403)
    assert.equal((await xml.client.post(xml.client.text('hi'), { receiveId: '' })).status, 403)
    await xml.dispose()
    xml.start()
    assert.equal((await xml.client.post(xml.client.text('hi'), { receiveId: '' })).status, 403)
    assert.equal((await xml.client.post(xml.client.text('hi'), { receiveId: 'wwOTHER' })).status, 403)
    assert.equal(xml.sessions.length, 0)
  })

  it('serves an intelligent bot on the same path, and confuses neither', async () => {
    xml.start(app)
    const bot = xml.world.client()
    assert.equal((await bot.post(bot.text('hi'))).reply!.stream!.content, 'you said hi')
    assert.equal((await xml.client.post(xml.client.text('hi'))).content, 'you said hi')
    assert.equal((await bot.post(bot.text('hi'), { receiveId: 'wwCORP' })).status, 403)
    assert.equal((await xml.client.post(xml.client.text('hi'), { json: true })).status, 400)
    assert.equal((await xml.client.post('{"msgid":"1","msgtype":"text","from":{"userid":"u"},"text":{"content":"x"}}', { receiveId: '' })).status, 400)
  })

  it('accepts the previous key, also with the same token', async () => {
    xml.start({ ...app, encodingAESKey: 'x'.repeat(43), previousEncodingAESKey: encodingAESKey })
    assert.equal((await xml.client.post(xml.client.text('hi'))).content, 'you said hi')
    const bot = xml.world.client()
    assert.equal((await bot.post(bot.text('hi'))).reply!.stream!.content, 'you said hi')
    const next = xml.world.client({ encodingAESKey: 'x'.repeat(43) })
    assert.equal((await next.post(next.text('hi'))).reply!.stream!.content, 'you said hi')
  })

  it('verifies the URL with the corp id', async () => {
    xml.start(app)
    assert.equal((await xml.world.client({ receiveId: 'wwCORP' }).verify()).ok, true)
    assert.equal((await xml.world.client().verify()).ok, true)
    assert.equal((await xml.world.client({ receiveId: 'wwOTHER' }).verify()).ok, false)
  })

  it('lets plugins message a person first', async () => {
    const bot = xml.start(app)
    await bot.sendMessage('private:lisi', [h.text('hi'), h.file(Buffer.from('content'), 'text/plain', { title: 'a.txt' })])
    assert.deepEqual(xml.api.messages.map(({ touser, msgtype }) => [touser, msgtype]), [['lisi', 'markdown'], ['lisi', 'file']])
    assert.equal(xml.api.uploads[0].bytes.toString(), 'content')
    for (const channelId of ['private:@all', 'private:a|b', 'private:', 'wr-group']) {
      await assert.rejects(bot.createMessage(channelId, 'x'), { code: 'wecom-bot/no-route' })
    }
    assert.equal(xml.api.messages.length, 2)
  })

  it('logs what to do about an untrusted address', async () => {
    xml.start(app)
    xml.api.answers['message/send'] = [{ errcode: 60020, errmsg: 'not allow to access from your ip, hint: [1], from ip: 203.0.113.9, more info' }]
    xml.answer = xml.later('late')
    await xml.client.post(xml.client.text('hi'))
    await xml.until(() => xml.world.log.warnings.length)
    assert.match(xml.world.log.warnings[0], /60020.*企业可信IP.*trusted IPs.*\(203\.0\.113\.9\)/)
    assert.equal(/APP-SECRET|TOKEN/.test(xml.world.log.text), false)
  })
})
