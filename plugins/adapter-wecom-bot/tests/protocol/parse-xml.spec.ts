import assert from 'node:assert/strict'
import { robotWebhook } from '../../src/media/trusted-hosts'
import type { Event } from '../../src/protocol/payload'
import { parsePayload } from '../../src/protocol/parse-aibot'

const app = (fields: string, rest = '<AgentID>1000002</AgentID>') => parsePayload(
  `<xml><ToUserName><![CDATA[wwCORP]]></ToUserName><FromUserName><![CDATA[u]]></FromUserName><CreateTime>17</CreateTime>${fields}${rest}</xml>`)

const robot = (fields: string, chat = '<ChatId>wrk1</ChatId><ChatType>group</ChatType>') => parsePayload(
  `<xml><WebhookUrl><![CDATA[http://in.qyapi.weixin.qq.com/cgi-bin/webhook/send?key=KEY]]></WebhookUrl><MsgId>m</MsgId>${chat}`
  + `<From><UserId>u</UserId><Name><![CDATA[n]]></Name></From>${fields}</xml>`)

const base = {
  botId: 'app:1000002',
  userId: 'u',
  createTime: 17,
  source: { name: 'app', corpId: 'wwCORP', agentId: '1000002' },
}
const robotBase = {
  msgId: 'm',
  botId: 'robot',
  userId: 'u',
  userName: 'n',
  chatId: 'wrk1',
  source: { name: 'robot', chatId: 'wrk1', isJson: false },
  webhookUrl: 'http://in.qyapi.weixin.qq.com/cgi-bin/webhook/send?key=KEY',
}

describe('source of a callback', () => {
  it('is an app with an AgentID', () => {
    assert.deepEqual(app('<MsgType>text</MsgType><Content>hi</Content><MsgId>9007199254740993</MsgId>'), {
      kind: 'message', ...base, msgId: '9007199254740993', body: { type: 'text', text: 'hi' },
    })
  })

  it('is a group robot with a WebhookUrl', () => {
    assert.deepEqual(robot('<MsgType>text</MsgType><Text><Content>hi</Content></Text>'), {
      kind: 'message', ...robotBase, body: { type: 'text', text: 'hi' },
    })
  })

  it('is a group robot in JSON with a webhook_url', () => {
    const { webhookUrl } = robotBase
    const raw = { webhook_url: webhookUrl, msgid: 'm', chatid: 'wrk1', chattype: 'group', from: { userid: 'u', name: 'n' }, msgtype: 'text', text: { content: 'hi' } }
    assert.deepEqual(parsePayload(JSON.stringify(raw)), {
      kind: 'message', ...robotBase, source: { ...robotBase.source, isJson: true }, body: { type: 'text', text: 'hi' },
    })
  })

  it('is the intelligent bot for other JSON', () => {
    const payload = parsePayload('{"msgid":"m","aibotid":"b","from":{"userid":"u"},"msgtype":"text","text":{"content":"<xml>"}}')
    assert.equal(payload.source, undefined)
    assert.equal(payload.botId, 'b')
  })

  it('cannot be missing', () => {
    assert.throws(() => app('<MsgType>text</MsgType><Content>hi</Content><MsgId>1</MsgId>', ''), { reason: 'payload' })
    assert.throws(() => parsePayload('<xml><MsgType>text</MsgType></xml>'), { reason: 'payload' })
  })
})

describe('callback of a self-built app', () => {
  const body = (fields: string) => {
    const payload = app(`${fields}<MsgId>1</MsgId>`)
    return payload.kind === 'message' ? payload.body : payload.kind
  }

  for (const [name, fields, expected] of [
    ['an image', '<MsgType>image</MsgType><PicUrl>http://p</PicUrl><MediaId>M</MediaId>', { type: 'image', media: { url: 'http://p', isPlain: true, mediaId: 'M' } }],
    ['a voice', '<MsgType>voice</MsgType><MediaId>M</MediaId><Format>amr</Format>', { type: 'audio', media: { url: '', isPlain: true, mediaId: 'M' } }],
    ['a voice with its transcript', '<MsgType>voice</MsgType><MediaId>M</MediaId><Recognition>你好</Recognition>', { type: 'voice', text: '你好' }],
    ['a video', '<MsgType>video</MsgType><MediaId>M</MediaId>', { type: 'video', media: { url: '', isPlain: true, mediaId: 'M' } }],
    ['a place', '<MsgType>location</MsgType><Location_X>-23.5</Location_X><Location_Y>1e2</Location_Y><Label>L</Label>', { type: 'location', latitude: -23.5, longitude: 100, label: 'L' }],
    ['a link', '<MsgType>link</MsgType><Title>T</Title><Description>D</Description><Url>https://a.example</Url>', { type: 'link', title: 'T', text: 'D', url: 'https://a.example' }],
    ['something new', '<MsgType>sight</MsgType>', 'unknown'],
    ['a video without an id', '<MsgType>video</MsgType>', 'unknown'],
    ['a place that is none', '<MsgType>location</MsgType><Location_X>x</Location_X><Location_Y>1</Location_Y>', 'unknown'],
  ] as const) {
    it(`parses ${name}`, () => assert.deepEqual(body(fields), expected))
  }

  it('parses a click with the selected options', () => {
    const payload = app('<MsgType>event</MsgType><Event>template_card_event</Event><EventKey>k</EventKey><TaskId>t</TaskId><CardType>vote_interaction</CardType>'
      + '<ResponseCode>SECRET</ResponseCode><SelectedItems><SelectedItem><QuestionKey>q</QuestionKey><OptionIds><OptionId>1</OptionId><OptionId>2</OptionId></OptionIds></SelectedItem></SelectedItems>')
    assert.deepEqual(payload, {
      kind: 'event',
      ...base,
      msgId: 'u/17/template_card_event/k/t',
      type: 'card-click',
      click: { cardType: 'vote_interaction', key: 'k', taskId: 't', selected: { q: ['1', '2'] } },
      responseCode: 'SECRET',
    })
  })

  it('keeps a question key named __proto__', () => {
    const payload = app('<MsgType>event</MsgType><Event>template_card_event</Event><SelectedItems><SelectedItem>'
      + '<QuestionKey>__proto__</QuestionKey><OptionIds><OptionId>1</OptionId></OptionIds></SelectedItem></SelectedItems>')
    const { selected } = (payload as Extract<Event, { type: 'card-click' }>).click
    assert.deepEqual(Object.entries(selected), [['__proto__', ['1']]])
    assert.equal(Object.getPrototypeOf(selected), Object.prototype)
  })

  it('gives events of the same second different ids', () => {
    const ids = ['<Event>enter_agent</Event>', '<Event>LOCATION</Event>', '<Event>click</Event><EventKey>a</EventKey>', '<Event>click</Event><EventKey>b</EventKey>', '<Event>click</Event><EventKey>b</EventKey><TaskId>t</TaskId>']
      .map(fields => app(`<MsgType>event</MsgType>${fields}`).msgId)
    assert.equal(new Set(ids).size, 5)
    assert.equal(app('<MsgType>event</MsgType><Event>enter_agent</Event>').msgId, ids[0])
  })

  for (const [name, xml] of Object.entries({
    MsgType: '<Content>x</Content><MsgId>1</MsgId>',
    MsgId: '<MsgType>text</MsgType><Content>x</Content>',
  })) {
    it(`rejects a callback without ${name}`, () => assert.throws(() => app(xml), { reason: 'payload', detail: `no <${name}>` }))
  }

  it('rejects elements in place of text', () => {
    assert.throws(() => app('<MsgType><A>text</A></MsgType><MsgId>1</MsgId>'), { reason: 'payload' })
    assert.throws(() => app('<MsgType>text</MsgType><MsgId>1</MsgId><MsgId>2</MsgId>'), { reason: 'payload' })
  })
})

describe('callback of a legacy group robot', () => {
  it('accepts a single chat, which has a chat id, too', () => {
    const payload = robot('<MsgType>text</MsgType><Text><Content>hi</Content></Text>', '<ChatId>wrk2</ChatId><ChatType>single</ChatType>')
    assert.equal(payload.chatId, undefined)
    assert.deepEqual(payload.source, { name: 'robot', chatId: 'wrk2', isJson: false })
  })

  it('parses a mixed message of one or more parts', () => {
    const item = '<MsgItem><MsgType>text</MsgType><Text><Content>a</Content></Text></MsgItem>'
    for (const count of [1, 2]) {
      const payload = robot(`<MsgType>mixed</MsgType><MixedMessage>${item.repeat(count)}</MixedMessage>`)
      assert.ok(payload.kind === 'message')
      assert.deepEqual(payload.body, { type: 'mixed', items: Array(count).fill({ type: 'text', text: 'a' }) })
    }
  })

  it('parses a click on a button', () => {
    const payload = robot('<MsgType>attachment</MsgType><Attachment><CallbackId>cb</CallbackId><Actions><Name>n</Name><Value>v</Value></Actions></Attachment>')
    assert.deepEqual(payload, {
      kind: 'event', ...robotBase, type: 'card-click', click: { cardType: 'attachment', key: 'v', taskId: 'cb', selected: {} },
    })
  })

  it('parses an event, also without a user', () => {
    const payload = parsePayload('<xml><WebhookUrl>https://w</WebhookUrl><MsgId>m</MsgId><ChatId>c</ChatId><ChatType>group</ChatType><GetChatInfoUrl>SECRET</GetChatInfoUrl><MsgType>event</MsgType><Event><EventType>delete_from_chat</EventType></Event></xml>')
    assert.ok(payload.kind === 'event' && payload.type === 'unknown')
    assert.equal(payload.name, 'delete_from_chat')
    assert.equal(JSON.stringify(payload.data).includes('SECRET'), false)
  })

  it('rejects a callback without a user or a group', () => {
    assert.throws(() => robot('<MsgType>text</MsgType>', '<ChatType>group</ChatType>'), { reason: 'payload' })
    assert.throws(() => parsePayload('<xml><WebhookUrl>w</WebhookUrl><MsgId>m</MsgId><ChatId>c</ChatId><MsgType>text</MsgType></xml>'), { reason: 'payload' })
  })
})

describe('robotWebhook', () => {
  const api = 'https://qyapi.weixin.qq.com'
  for (const [url, expected] of [
    ['http://in.qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K', 'https://in.qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K'],
    ['https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K', 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K'],
    ['HTTP://qyapi.weixin.qq.com/x', 'https://qyapi.weixin.qq.com/x'],
    ['http://trusted.example:8080/x', 'http://trusted.example:8080/x'],
    ['http://evil.example/cgi-bin/webhook/send?key=K', undefined],
    ['https://qyapi.weixin.qq.com.evil.example/', undefined],
    ['https://in.qyapi.weixin.qq.com@evil.example/', undefined],
    ['https://user@qyapi.weixin.qq.com/', undefined],
    ['file:///etc/passwd', undefined],
    ['', undefined],
  ] as const) {
    it(`${expected ? 'accepts' : 'rejects'} ${url || 'nothing'}`, () => {
      assert.equal(robotWebhook(url, api, ['trusted.example:8080']), expected)
    })
  }
})
