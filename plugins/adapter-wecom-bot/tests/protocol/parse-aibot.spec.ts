import assert from 'node:assert/strict'
import type { Payload } from '../../src/protocol/payload'
import { parsePayload } from '../../src/protocol/parse-aibot'
import vectors from '../../../../testkit/fixtures/wecom-vectors.json'

const group = { msgid: 'MSGID', aibotid: 'AIBOTID', chatid: 'CHATID', chattype: 'group', from: { userid: 'USERID' } }
const single = { msgid: 'MSGID', aibotid: 'AIBOTID', chattype: 'single', from: { userid: 'USERID' } }
const base = { msgId: 'MSGID', botId: 'AIBOTID', userId: 'USERID', createTime: undefined, responseUrl: undefined }
const inGroup = { ...base, chatId: 'CHATID' }
const inSingle = { ...base, chatId: undefined }

function read(raw: object): Payload {
  return parsePayload(JSON.stringify(raw))
}

function sample(name: string) {
  return vectors.body_samples.find(sample => sample.name === name)!.plaintext
}

describe('parsePayload', () => {
  it('parses a text with a quote', () => {
    assert.deepEqual(read(sample('inbound text+quote')), {
      ...inGroup,
      msgId: 'CAIQ16HMjQYY/NGagIOAgAMgq4KM0AI=',
      responseUrl: 'RESPONSEURL',
      kind: 'message',
      body: { type: 'text', text: '@RobotA hello robot' },
      quote: { type: 'text', text: 'quoted words' },
    })
  })

  it('parses a mixed message', () => {
    assert.deepEqual(read(sample('inbound mixed')), {
      ...inGroup,
      responseUrl: 'RESPONSEURL',
      kind: 'message',
      body: {
        type: 'mixed',
        items: [{ type: 'text', text: '@RobotA look' }, { type: 'image', media: { url: 'URL', aesKey: undefined } }],
      },
      quote: undefined,
    })
  })

  it('parses a voice transcript, also an empty one', () => {
    for (const text of ['帮我查一下', '']) {
      const payload = read({ ...single, msgtype: 'voice', voice: { content: text } })
      assert.deepEqual(payload, { ...inSingle, kind: 'message', body: { type: 'voice', text }, quote: undefined })
    }
  })

  for (const type of ['image', 'file', 'video'] as const) {
    it(`parses ${type} with and without a key of its own`, () => {
      const body = (media: object) => {
        const payload = read({ ...single, msgtype: type, [type]: media })
        assert.equal(payload.kind, 'message')
        return payload.kind === 'message' && payload.body
      }
      const url = 'https://ww-aibot-img-1258476243.cos.ap-guangzhou.myqcloud.com/a?sign=q%3D1'
      assert.deepEqual(body({ url: url + '  ' }), { type, media: { url, aesKey: undefined } })
      assert.deepEqual(body({ url, aeskey: 'KEY' }), { type, media: { url, aesKey: 'KEY' } })
    })

    it(`parses ${type} without a URL as an unknown message`, () => {
      for (const media of [{}, { url: '' }, { url: ' ' }, { url: 1 }, { url: null }, null, [], 'URL']) {
        assert.equal(read({ ...single, msgtype: type, [type]: media }).kind, 'unknown')
      }
    })
  }

  it('parses a poll of a stream', () => {
    const poll = { ...group, msgtype: 'stream', stream: { id: 'STREAMID' } }
    assert.deepEqual(read(poll), { ...inGroup, kind: 'poll', streamId: 'STREAMID' })
    for (const stream of [undefined, null, {}, { id: '' }, { id: 1 }, { id: ['STREAMID'] }, 'STREAMID']) {
      assert.throws(() => read({ ...poll, stream }), { reason: 'payload', status: 400 })
    }
  })

  it('ignores the chat id of a single chat', () => {
    const { chatId } = read({ ...single, chatid: 'CHATID', msgtype: 'text', text: { content: 'hi' } })
    assert.equal(chatId, undefined)
  })

  it('keeps the case of the chat id', () => {
    assert.equal(read({ ...group, chatid: 'wrkSFfCgAA/x=', msgtype: 'text' }).chatId, 'wrkSFfCgAA/x=')
  })

  it('parses a new message type as an unknown message', () => {
    const payload = read({ ...group, msgtype: 'location', location: {} })
    assert.deepEqual(payload, { ...inGroup, kind: 'unknown', name: 'location' })
  })

  it('ignores a quote of an unknown type', () => {
    for (const quote of [null, [], 'text', {}, { msgtype: 'text' }, { msgtype: 'image', image: {} }, { msgtype: 'x' }]) {
      const payload = read({ ...group, msgtype: 'text', text: { content: 'hi' }, quote })
      assert.equal(payload.kind, 'message')
    }
  })

  it('accepts unescaped control characters in strings', () => {
    const source = JSON.stringify({ ...group, msgtype: 'text', text: { content: 'a\nb\t"c"\\\u0001' } })
    const unescaped = source.replace(/\\n/, '\n').replace(/\\t/, '\t').replace(/\\u0001/, '\u0001')
    assert.notEqual(unescaped, source)
    const payload = parsePayload(unescaped)
    assert.deepEqual(payload.kind === 'message' && payload.body, { type: 'text', text: 'a\nb\t"c"\\\u0001' })
  })

  it('accepts unescaped control characters in a long message', () => {
    const content = '\u0001' + 'x'.repeat(600_000) + '\\"'
    const source = JSON.stringify({ ...group, msgtype: 'text', text: { content } }).replace(/\\u0001/, '\u0001')
    const payload = parsePayload(source)
    assert.deepEqual(payload.kind === 'message' && payload.body, { type: 'text', text: content })
  })

  it('keeps lone surrogates and line separators', () => {
    const content = '\ud800 \u2028\u2029\u0000\ufeff企业微信😀'
    const payload = read({ ...group, msgtype: 'text', text: { content } })
    assert.deepEqual(payload.kind === 'message' && payload.body, { type: 'text', text: content })
  })
})
