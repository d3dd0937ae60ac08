import assert from 'node:assert/strict'
import { h } from 'koishi'
import { withoutTimers } from '../support/world'
import { app, png, XmlWorld } from '../support/xml-world'

describe('PassiveHandler: replies to a self-built app', () => {
  const xml = new XmlWorld()

  it('replies from the app to the person', async () => {
    xml.start(app)
    const { status, reply } = await xml.client.post(xml.client.text('hi'))
    assert.equal(status, 200)
    assert.match(reply!, /^<xml><ToUserName><!\[CDATA\[zhangsan\]\]><\/ToUserName><FromUserName><!\[CDATA\[wwCORP\]\]><\/FromUserName><CreateTime>\d{10}<\/CreateTime><MsgType><!\[CDATA\[text\]\]><\/MsgType><Content><!\[CDATA\[you said hi\]\]><\/Content><\/xml>$/)
    assert.equal(xml.api.requests.length, 0)
    const [session] = xml.sessions
    assert.equal(session.channelId, 'private:zhangsan')
    assert.equal(session.isDirect, true)
    assert.equal(session.timestamp, 1700000000_000)
    assert.equal(session.wecomBot!.source!.name, 'app')
  })

  it('replies in plain text', async () => {
    xml.start(app)
    xml.answer = () => h('markdown', h.text('# T\n**b** <a href="https://x.example">x</a>'))
    assert.equal((await xml.client.post(xml.client.text('hi'))).content, 'T\nb x (https://x.example)')
  })

  it('replies without the API if the answer is ready in time', async () => {
    xml.start({ receiveId: 'wwCORP' })
    assert.equal((await xml.client.post(xml.client.text('hi'))).content, 'you said hi')
  })

  it('sends a late answer through the API', async () => {
    xml.start(app)
    xml.answer = xml.later(h('markdown', h.text('**late**')))
    const { status, raw } = await xml.client.post(xml.client.text('hi'))
    assert.deepEqual([status, raw], [200, ''])
    await xml.until(() => xml.api.messages.length)
    assert.deepEqual(xml.api.messages, [
      { touser: 'zhangsan', agentid: 1000002, msgtype: 'markdown', markdown: { content: '**late**' } },
    ])
  })

  it('sends plain text if appFormat is text', async () => {
    xml.start({ ...app, appFormat: 'text' })
    xml.answer = xml.later(h('markdown', h.text('**late**')))
    await xml.client.post(xml.client.text('hi'))
    await xml.until(() => xml.api.messages.length)
    assert.deepEqual(xml.api.messages[0].text, { content: 'late' })
  })

  it('answers a repeated message once', async () => {
    xml.start(app)
    const message = xml.client.text('hi')
    const replies = await Promise.all([xml.client.post(message), xml.client.post(message), xml.client.post(message)])
    replies.push(await xml.client.post(message))
    assert.deepEqual(replies.map(({ content }) => content), Array(4).fill('you said hi'))
    assert.equal(xml.sessions.length, 1)
    xml.answer = xml.later('late')
    const slow = xml.client.text('slow')
    const empty = await Promise.all([xml.client.post(slow), xml.client.post(slow)])
    await xml.until(() => xml.api.messages.length)
    empty.push(await xml.client.post(slow))
    assert.deepEqual(empty.map(({ raw }) => raw), ['', '', ''])
    assert.equal(xml.sessions.length, 2)
    assert.equal(xml.api.messages.length, 1)
  })

  /** Closes the connection when the message has reached the plugin. */
  async function postAndLeave(message: string) {
    const leave = new AbortController()
    const post = assert.rejects(xml.client.post(message, { signal: leave.signal }))
    await xml.until(() => xml.sessions.length)
    leave.abort()
    await post
  }

  it('answers the repetition if WeCom did not wait for the first reply', async () => {
    const bot = xml.start({ ...app, passiveReply: 2000 })
    xml.answer = xml.later('late', 200)
    const message = xml.client.text('hi')
    await postAndLeave(message)
    await xml.until(() => !bot.services.concurrency.size)
    assert.equal((await xml.client.post(message)).content, 'late')
    assert.equal(xml.api.messages.length, 0)
  })

  it('sends the answer through the API if the reply was lost and is not repeated', async () => {
    xml.start({ ...app, passiveReply: 2000 })
    xml.answer = xml.later('late', 200)
    await postAndLeave(xml.client.text('hi'))
    await xml.until(() => xml.api.messages.length)
    assert.equal(xml.api.messages[0].markdown.content, 'late')
  })

  it('replies with what fits, and sends the rest through the API', async () => {
    xml.start(app)
    const text = Array.from({ length: 500 }, (_, index) => `第 ${index} 行`).join('\n')
    xml.answer = () => h('markdown', h.text(text))
    const { content } = await xml.client.post(xml.client.text('hi'))
    assert.ok(Buffer.byteLength(content!) <= 2048)
    await xml.until(() => xml.api.messages.length >= 2)
    await new Promise(resolve => setTimeout(resolve, 50))
    const rest = xml.api.messages.map(({ markdown }) => markdown.content)
    for (const part of rest) assert.ok(Buffer.byteLength(part) <= 2048)
    assert.equal([content, ...rest].join('\n'), text)
  })

  it('says how much is missing if nothing can follow the reply', async () => {
    xml.start({ receiveId: 'wwCORP' })
    xml.answer = () => h.text('字'.repeat(1000))
    const { content } = await xml.client.post(xml.client.text('hi'))
    assert.ok(Buffer.byteLength(content!) <= 2048)
    const [, shown, lost] = /^(字+)\n\n（.*余下约 (\d+) 字未能送达。）$/.exec(content!) ?? []
    assert.ok(shown && Number(lost) + shown.length === 1000, content)
  })

  it('says that the time is over if nothing can follow the reply, and logs it', async () => {
    xml.start({ receiveId: 'wwCORP' })
    xml.answer = async (session) => {
      await session.send('so far')
      return xml.later('late')()
    }
    const { content } = await xml.client.post(xml.client.text('hi'))
    assert.match(content!, /^so far\n\n（已到企业微信的时限/)
    await xml.until(() => xml.world.log.warnings.length)
    assert.match(xml.world.log.text, /characters not delivered: .*set corpId, agentId and secret/)
  })

  it('replies with nothing if there is no answer', async () => {
    xml.start({ ...app, passiveReply: 4000 })
    xml.answer = () => {}
    assert.equal((await withoutTimers(() => xml.client.post(xml.client.text('hi')))).raw, '')
  })

  it('sends images through the API, before or after the text', async () => {
    xml.start(app)
    xml.answer = () => [h.text('see'), h.image(`data:image/png;base64,${png}`)]
    assert.equal((await xml.client.post(xml.client.text('hi'))).content, 'see')
    await xml.until(() => xml.api.messages.length === 1)
    xml.answer = () => h.image(`data:image/png;base64,${png}`)
    assert.equal((await xml.client.post(xml.client.text('hi'))).raw, '')
    await xml.until(() => xml.api.messages.length === 2)
    assert.deepEqual(xml.api.messages.map(({ msgtype }) => msgtype), ['image', 'image'])
    assert.equal(xml.api.uploads[0].bytes.toString('base64'), png)
  })
})
