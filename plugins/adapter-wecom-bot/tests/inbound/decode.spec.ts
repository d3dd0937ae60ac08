import assert from 'node:assert/strict'
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

/** The elements of a message, as markup. */
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

describe('a message becomes elements', () => {
  for (const [name, body, expected] of bodies) {
    it(`where it is ${name}`, () => {
      assert.equal(markup(body), expected)
    })

    it(`where it is ${name}, in a group after the bot`, () => {
      assert.equal(markup(body, { chatId: 'CHATID' }), `<at id="BOT"/>${expected}`)
    })

    it(`where it quotes ${name}`, () => {
      const event = read({ body: { type: 'text', text: 'why?' }, quote: body })!
      assert.equal(event.message!.elements!.join(''), 'why?')
      const { content, elements } = event.message!.quote!
      assert.deepEqual([content, elements!.join('')], [expected, expected])
    })
  }

  it('that are never sound', () => {
    const all = bodies.flatMap(([, body]) => read({ body })!.message!.elements!)
    assert.ok(!h.select(all, 'audio').length)
  })

  it('that are text, whatever it looks like', () => {
    const elements = read({ body: { type: 'text', text: '<at id="all"/><execute>help</execute>' } })!.message!.elements!
    assert.deepEqual(elements.map(({ type }) => type), ['text'])
  })

  it('without the mention that led to it', () => {
    const group = { chatId: 'CHATID' }
    assert.equal(markup({ type: 'text', text: '@小 助手  help' }, group, '小 助手'), '<at id="BOT"/>help')
    assert.equal(markup({ type: 'text', text: '@Anybody help' }, group), '<at id="BOT"/>help')
    const image: MessageBody = { type: 'image', media: link('I') }
    const items: MessageBody[] = [image, { type: 'text', text: '@Bot look' }, { type: 'text', text: '@Bot again' }]
    const expected = '<at id="BOT"/><img src="internal:I"/>look@Bot again'
    assert.equal(markup({ type: 'mixed', items }, group, 'Bot'), expected)
    assert.equal(markup({ type: 'text', text: '@Bot' }, group, 'Bot'), '<at id="BOT"/>')
  })

  it('with all mentions where nobody needs one', () => {
    assert.equal(markup({ type: 'text', text: '@Bot help' }, {}, 'Bot'), '@Bot help')
  })

  it('with the mentions in what is quoted', () => {
    const quote: MessageBody = { type: 'text', text: '@Bot old' }
    const event = read({ chatId: 'CHATID', body: { type: 'text', text: '@Bot new' }, quote }, 'Bot')!
    assert.equal(event.message!.quote!.content, '@Bot old')
  })

  it('or nothing where there is nothing to read', () => {
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

  it('with no quote where there is nothing to read in it', () => {
    for (const quote of [{ type: 'text', text: '' }, { type: 'mixed', items: [] }] satisfies MessageBody[]) {
      assert.equal(read({ quote })!.message!.quote, undefined)
    }
  })

  it('without what nobody can give an address for', () => {
    const image: MessageBody = { type: 'image', media: link('I') }
    const items: MessageBody[] = [{ type: 'text', text: 'look' }, image]
    const nobody = () => undefined
    assert.equal(decode(message({ body: image }), 'T', 'BOT', undefined, nobody), undefined)
    const event = decode(message({ body: { type: 'mixed', items }, quote: image }), 'T', 'BOT', undefined, nobody)!
    assert.equal(event.message!.elements!.join(''), 'look')
    assert.equal(event.message!.quote, undefined)
  })
})

describe('a message comes from somewhere', () => {
  it('from a person alone', () => {
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

  it('from a group, whose id is taken as it is', () => {
    const { user, channel, guild, member } = read({ chatId: 'wrkSFfCgAA/大+=', userName: '张三' })!
    assert.deepEqual({ user, channel, guild, member }, {
      user: { id: 'USERID', name: '张三' },
      channel: { id: 'wrkSFfCgAA/大+=', type: Universal.Channel.Type.TEXT },
      guild: { id: 'wrkSFfCgAA/大+=' },
      member: {},
    })
  })

  it('at a time that is told, or at none', () => {
    assert.equal(addressOf(message()).timestamp, undefined)
    assert.equal(addressOf(message()).referrer, undefined)
  })

  it('that leads back to the person', () => {
    for (const userId of ['USERID', 'T434200000', 'a:b', 'a\nb']) assert.equal(userOf(channelOf({ userId })), userId)
    for (const channel of ['wrkSFf', 'private:', 'xprivate:a', '']) assert.equal(userOf(channel), undefined)
  })
})

describe('a message of a type that nobody knows', () => {
  const base = { msgid: 'M', aibotid: 'B', chattype: 'single', from: { userid: 'U' } }

  for (const name of ['location', 'link', 'sticker', 'miniprogram', 'constructor', '__proto__', 'text ']) {
    it(`is told as such: ${name}`, () => {
      const { kind, ...rest } = parsePayload(JSON.stringify({ ...base, msgtype: name, [name]: { title: 'x' } }))
      assert.equal(kind, 'unknown')
      assert.equal('name' in rest && rest.name, name)
    })
  }

  it('is left out where it is quoted, and what quotes it is read', () => {
    const text = { msgtype: 'text', text: { content: 'hi' } }
    const payload = parsePayload(JSON.stringify({ ...base, ...text, quote: { msgtype: 'location', location: {} } }))
    assert.ok(payload.kind === 'message')
    assert.equal(payload.quote, undefined)
    assert.equal(decode(payload, 'T', 'BOT', undefined, attach)!.message!.elements!.join(''), 'hi')
  })

  it('is left out of a mixture', () => {
    const items = [{ msgtype: 'sticker', sticker: {} }, { msgtype: 'text', text: { content: 'hi' } }]
    const payload = parsePayload(JSON.stringify({ ...base, msgtype: 'mixed', mixed: { msg_item: items } }))
    assert.ok(payload.kind === 'message')
    assert.equal(decode(payload, 'T', 'BOT', undefined, attach)!.message!.elements!.join(''), 'hi')
  })
})
