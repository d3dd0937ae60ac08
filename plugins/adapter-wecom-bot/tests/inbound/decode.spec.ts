import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInThisContext } from 'node:vm'
import { Universal, h } from 'koishi'
import { addressOf, decode } from '../../src/inbound/decode'
import { channelOf, userOf } from '../../src/protocol/conversation'
import type { MediaLink, Message, MessageBody } from '../../src/protocol/payload'
import { parsePayload } from '../../src/protocol/parse-aibot'
import { message } from '../support/turns'

const attach = ({ url, aesKey }: MediaLink) => `internal:${url}${aesKey ? `#${aesKey}` : ''}`
const link = (url: string, aesKey?: string) => ({ url, aesKey })

function read(overrides: Partial<Message>, name?: string) {
  return decode(message(overrides), 'TURN', 'BOT', name, attach)
}

/** Elements of a message as markup. */
function markup(body: MessageBody, overrides: Partial<Message> = {}, name?: string) {
  return read({ body, ...overrides }, name)?.message?.elements?.join('')
}

const bodies: [name: string, body: MessageBody, markup: string][] = [
  ['a text', { type: 'text', text: 'a < b & "c"\n😀' }, 'a &lt; b &amp; "c"\n😀'],
  ['a voice, which is its transcript', { type: 'voice', text: '你好' }, '你好'],
  ['an image', { type: 'image', media: link('I', 'KEY') }, '<img src="internal:I#KEY"/>'],
  ['a file', { type: 'file', media: link('F') }, '<file src="internal:F"/>'],
  ['a video', { type: 'video', media: link('V') }, '<video src="internal:V"/>'],
  [
    'a mixture, in its order',
    {
      type: 'mixed',
      items: [
        { type: 'text', text: 'one' },
        { type: 'image', media: link('1') },
        { type: 'voice', text: 'two' },
        { type: 'file', media: link('2') },
        { type: 'image', media: link('3') },
      ],
    },
    'one<img src="internal:1"/>two<file src="internal:2"/><img src="internal:3"/>',
  ],
]

describe('decode: elements', () => {
  for (const [name, body, expected] of bodies) {
    it(`of ${name}`, () => {
      assert.equal(markup(body), expected)
    })

    it(`of ${name}, in a group after the mention of the bot`, () => {
      assert.equal(markup(body, { chatId: 'CHATID' }), `<at id="BOT"/>${expected}`)
    })

    it(`of a quoted ${name}`, () => {
      const event = read({ body: { type: 'text', text: 'why?' }, quote: body })!
      assert.equal(event.message!.elements!.join(''), 'why?')
      const { content, elements } = event.message!.quote!
      assert.deepEqual([content, elements!.join('')], [expected, expected])
    })
  }

  it('are never audio for a voice message', () => {
    const all = bodies.flatMap(([, body]) => read({ body })!.message!.elements!)
    assert.ok(!h.select(all, 'audio').length)
  })

  it('are text, whatever it looks like', () => {
    const elements = read({ body: { type: 'text', text: '<at id="all"/><execute>help</execute>' } })!.message!.elements!
    assert.deepEqual(elements.map(({ type }) => type), ['text'])
  })

  it('leave out the mention that addressed the bot', () => {
    const group = { chatId: 'CHATID' }
    assert.equal(markup({ type: 'text', text: '@小 助手  help' }, group, '小 助手'), '<at id="BOT"/>help')
    assert.equal(markup({ type: 'text', text: '@Anybody help' }, group), '<at id="BOT"/>help')
    const image: MessageBody = { type: 'image', media: link('I') }
    const items: MessageBody[] = [image, { type: 'text', text: '@Bot look' }, { type: 'text', text: '@Bot again' }]
    const expected = '<at id="BOT"/><img src="internal:I"/>look@Bot again'
    assert.equal(markup({ type: 'mixed', items }, group, 'Bot'), expected)
    assert.equal(markup({ type: 'text', text: '@Bot' }, group, 'Bot'), '<at id="BOT"/>')
  })

  it('keep mentions in single chats', () => {
    assert.equal(markup({ type: 'text', text: '@Bot help' }, {}, 'Bot'), '@Bot help')
  })

  it('keep mentions in quotes', () => {
    const quote: MessageBody = { type: 'text', text: '@Bot old' }
    const event = read({ chatId: 'CHATID', body: { type: 'text', text: '@Bot new' }, quote }, 'Bot')!
    assert.equal(event.message!.quote!.content, '@Bot old')
  })

  it('are missing if there is nothing to read', () => {
    const nothing: MessageBody[] = [
      { type: 'text', text: '' },
      { type: 'text', text: ' \n\t' },
      { type: 'voice', text: '' },
      { type: 'mixed', items: [] },
      { type: 'mixed', items: [{ type: 'text', text: ' ' }, { type: 'voice', text: '' }] },
    ]
    for (const body of nothing) {
      assert.equal(read({ body }), undefined)
      assert.equal(read({ body, chatId: 'CHATID' }), undefined)
    }
  })

  it('are missing for a quote without anything to read', () => {
    for (const quote of [{ type: 'text', text: '' }, { type: 'mixed', items: [] }] satisfies MessageBody[]) {
      assert.equal(read({ quote })!.message!.quote, undefined)
    }
  })

  it('leave out files without a URL', () => {
    const image: MessageBody = { type: 'image', media: link('I') }
    const items: MessageBody[] = [{ type: 'text', text: 'look' }, image]
    const noUrl = () => undefined
    assert.equal(decode(message({ body: image }), 'T', 'BOT', undefined, noUrl), undefined)
    const event = decode(message({ body: { type: 'mixed', items }, quote: image }), 'T', 'BOT', undefined, noUrl)!
    assert.equal(event.message!.elements!.join(''), 'look')
    assert.equal(event.message!.quote, undefined)
  })
})

describe('decode: hidden class', () => {
  it('is shared by all events, or V8 would keep one for each and look their fields up slowly', () => {
    setFlagsFromString('--allow-natives-syntax')
    const haveSameMap = runInThisContext('(a, b) => %HaveSameMap(a, b)') as (a: unknown, b: unknown) => boolean
    const events = Array.from({ length: 200 }, (_, index) => read({ msgId: `M${index}` }))
    const [first, ...others] = events.slice(100)
    assert.ok(others.every(other => haveSameMap(first, other)))
  })
})

describe('decode: address', () => {
  it('of a single chat', () => {
    const { user, channel, guild, member, referrer, type, timestamp, message } = read({ createTime: 17e8 })!
    assert.deepEqual({ user, channel, guild, member, referrer, type, timestamp, id: message!.id }, {
      user: { id: 'USERID', name: 'USERID' },
      channel: { id: 'private:USERID', type: Universal.Channel.Type.DIRECT },
      guild: undefined,
      member: undefined,
      referrer: { turn: 'TURN' },
      type: 'message',
      timestamp: 17e11,
      id: 'MSGID',
    })
  })

  it('of a group, whose id is kept as it is', () => {
    const { user, channel, guild, member } = read({ chatId: 'wrkSFfCgAA/大+=', userName: '张三' })!
    assert.deepEqual({ user, channel, guild, member }, {
      user: { id: 'USERID', name: '张三' },
      channel: { id: 'wrkSFfCgAA/大+=', type: Universal.Channel.Type.TEXT },
      guild: { id: 'wrkSFfCgAA/大+=' },
      member: {},
    })
  })

  it('has the time if there is one', () => {
    assert.equal(addressOf(message()).timestamp, undefined)
    assert.equal(addressOf(message()).referrer, undefined)
  })

  it('has a channel id that leads back to the person', () => {
    for (const userId of ['USERID', 'T434200000', 'a:b', 'a\nb']) assert.equal(userOf(channelOf({ userId })), userId)
    for (const channel of ['wrkSFf', 'private:', 'xprivate:a', '']) assert.equal(userOf(channel), undefined)
  })
})

describe('decode: unknown message types', () => {
  const base = { msgid: 'M', aibotid: 'B', chattype: 'single', from: { userid: 'U' } }

  for (const name of ['location', 'link', 'sticker', 'miniprogram', 'constructor', '__proto__', 'text ']) {
    it(`are reported: ${name}`, () => {
      const { kind, ...rest } = parsePayload(JSON.stringify({ ...base, msgtype: name, [name]: { title: 'x' } }))
      assert.equal(kind, 'unknown')
      assert.equal('name' in rest && rest.name, name)
    })
  }

  it('are left out of quotes', () => {
    const text = { msgtype: 'text', text: { content: 'hi' } }
    const payload = parsePayload(JSON.stringify({ ...base, ...text, quote: { msgtype: 'location', location: {} } }))
    assert.ok(payload.kind === 'message')
    assert.equal(payload.quote, undefined)
    assert.equal(decode(payload, 'T', 'BOT', undefined, attach)!.message!.elements!.join(''), 'hi')
  })

  it('leave a trace where they are quoted', () => {
    const text = { msgtype: 'text', text: { content: '总结一下' } }
    for (const [quote, trace] of [
      [{ msgtype: 'chatrecord', chatrecord: {} }, '[无法读取的消息：chatrecord]'], [{ msgtype: 'image', image: {} }, '[无法读取的消息：image]'],
    ] as const) {
      const payload = parsePayload(JSON.stringify({ ...base, ...text, quote }))
      assert.ok(payload.kind === 'message')
      const quoted = decode(payload, 'T', 'BOT', undefined, attach)!.message!.quote!
      assert.equal(h.select(quoted.elements!, 'text').map(({ attrs }) => attrs.content).join(''), trace)
    }
    for (const quote of [null, [], 'text', {}, { msgtype: 1 }]) {
      const payload = parsePayload(JSON.stringify({ ...base, ...text, quote }))
      assert.ok(payload.kind === 'message')
      assert.equal(decode(payload, 'T', 'BOT', undefined, attach)!.message!.quote, undefined)
    }
  })

  const mixed = (...items: object[]) => ({ ...base, msgtype: 'mixed', mixed: { msg_item: items } })
  const text = { msgtype: 'text', text: { content: 'hi' } }

  for (const [name, item] of Object.entries({
    sticker: { msgtype: 'sticker', sticker: {} }, chatrecord: { msgtype: 'chatrecord' }, image: { msgtype: 'image', image: {} },
    mixed: mixed({ msgtype: 'text', text: { content: 'inner' } }), ['x'.repeat(64)]: { msgtype: 'x'.repeat(5000) },
  })) {
    it(`leave a trace in mixed messages: ${name}`, () => {
      const payload = parsePayload(JSON.stringify(mixed(item, text, null as never, { msgtype: 7 })))
      assert.ok(payload.kind === 'message')
      const { elements } = decode(payload, 'T', 'BOT', undefined, attach)!.message!
      assert.deepEqual(elements!.map(({ type }) => type), ['wecom-bot:unreadable', 'text'])
      assert.equal(h.select(elements!, 'text').map(({ attrs }) => attrs.content).join(''), `[无法读取的消息：${name}]hi`)
    })
  }

  it('leave a trace in mixed messages of group robots', () => {
    const item = (type: string, inner: string) => `<MsgItem><MsgType>${type}</MsgType>${inner}</MsgItem>`
    const payload = parsePayload('<xml><WebhookUrl>u</WebhookUrl><MsgId>M</MsgId><ChatId>C</ChatId><ChatType>group</ChatType>'
      + '<From><UserId>U</UserId></From><MsgType>mixed</MsgType><MixedMessage>'
      + `${item('text', '<Text><Content>hi</Content></Text>')}${item('sight', '')}</MixedMessage></xml>`)
    assert.ok(payload.kind === 'message' && payload.body.type === 'mixed')
    assert.deepEqual(payload.body.items, [{ type: 'text', text: 'hi' }, { type: 'unreadable', name: 'sight' }])
  })

  it('are reported where a mixed message has nothing else, and traced where it is quoted', () => {
    const message = mixed({ msgtype: 'sticker' }, { msgtype: 'chatrecord' })
    const payload = parsePayload(JSON.stringify(message))
    assert.ok(payload.kind === 'message')
    assert.equal(decode(payload, 'T', 'BOT', undefined, attach), undefined)
    const quoting = parsePayload(JSON.stringify({ ...base, ...text, quote: message }))
    assert.ok(quoting.kind === 'message')
    assert.match(decode(quoting, 'T', 'BOT', undefined, attach)!.message!.quote!.content!, /sticker.*chatrecord/)
  })
})
