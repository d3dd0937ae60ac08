import assert from 'node:assert/strict'
import { parsePayload } from '../../src/protocol/parse-aibot'

const message = {
  msgid: 'MSGID',
  aibotid: 'AIBOTID',
  chatid: 'CHATID',
  chattype: 'group',
  from: { userid: 'USERID' },
  response_url: 'RESPONSEURL',
  create_time: 1700000000,
  msgtype: 'mixed',
  mixed: { msg_item: [{ msgtype: 'text', text: { content: 'hi' } }, { msgtype: 'image', image: { url: 'URL' } }] },
  quote: { msgtype: 'text', text: { content: 'hi' } },
}

const values: unknown[] = [
  null, true, false, 0, -1, 1e308, '', ' ', 'x', '__proto__', [], [[]], [null], [1], {}, { toString: 1, valueOf: 1 },
  { length: 1e9 }, JSON.parse('{"__proto__":{"msgtype":"text"}}'),
]

/** All copies of an object in which one value is replaced by another. */
function* variants(value: unknown): Generator<unknown> {
  yield* values
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    for (const variant of variants(inner)) {
      yield Array.isArray(value) ? Object.assign([...value], { [key]: variant }) : { ...value, [key]: variant }
    }
    const { [key as keyof typeof value]: _, ...rest } = value
    yield rest
  }
}

function nested(depth: number) {
  const item = '{"msgtype":"mixed","mixed":{"msg_item":['
  return JSON.stringify({ ...message, mixed: undefined, quote: undefined }).slice(0, -1)
    + ',"mixed":{"msg_item":[' + item.repeat(depth) + ']}}'.repeat(depth) + ']}}'
}

describe('parsePayload with hostile input', () => {
  for (const plaintext of [
    '', ' ', 'hello', '{', '}', 'null', 'true', '1', '""', '"text"', '[]', '[{}]', '{}', '{"msgtype":"text"}',
    '{"msgtype":"text","msgid":"1"}', '{"msgtype":["text"],"msgid":"1","from":{"userid":"u"}}',
    '{"msgtype":"text","msgid":"1","from":{"userid":""}}', '{"msgtype":"text","msgid":1,"from":{"userid":"u"}}',
    '{"msgtype":"text","msgid":"1","from":"u"}', '{"msgtype":"text","msgid":"1","from":[{"userid":"u"}]}',
    '{"msgtype":"text","msgid":"1","from":{"userid":"u"},"chattype":"group"}',
    '{"msgtype":"text","msgid":"1","from":{"userid":"u"},"chattype":"group","chatid":7}',
    '{"__proto__":{"msgtype":"text","msgid":"1","from":{"userid":"u"}}}',
    '{"msgtype":"text",\u0000}', '"\u0000', '['.repeat(200_000), '{"a":'.repeat(100_000), '"'.repeat(100_001),
    '\\"'.repeat(100_000), '<xml><MsgType>text</MsgType></xml>',
  ]) {
    it(`rejects ${JSON.stringify(plaintext).slice(0, 70)}`, () => {
      assert.throws(() => parsePayload(plaintext), { name: 'CallbackError', reason: 'payload', status: 400 })
    })
  }

  it('does not quote the input in the error', () => {
    for (const plaintext of ['SECRET', '{"SECRET":1}', '{"msgtype":"text","msgid":"SECRET"}', '{"a":SECRET}']) {
      assert.throws(() => parsePayload(plaintext), error => !(error as Error).message.includes('SECRET'))
    }
  })

  it('parses or rejects any value in any field', () => {
    let read = 0
    for (const variant of variants(message)) {
      try {
        const payload = parsePayload(JSON.stringify(variant) ?? '')
        assert.ok(payload.msgId && typeof payload.msgId === 'string')
        assert.equal(typeof payload.userId, 'string')
        assert.ok(payload.chatId === undefined || typeof payload.chatId === 'string')
        read++
      } catch (error) {
        assert.equal((error as Error).name, 'CallbackError', String(error))
      }
    }
    assert.ok(read > 100)
  })

  it('survives nesting as deep as a body allows', () => {
    const { kind } = parsePayload(nested(15_000))
    assert.equal(kind, 'message')
  })

  it('survives nesting with control characters', () => {
    assert.throws(() => parsePayload('\u0001' + nested(15_000)), { reason: 'payload' })
  })

  it('does not pollute prototypes', () => {
    parsePayload('{"msgtype":"text","msgid":"1","from":{"userid":"u","__proto__":{"polluted":1}},"__proto__":{"polluted":1}}')
    assert.equal(({} as Record<string, unknown>).polluted, undefined)
  })
})
