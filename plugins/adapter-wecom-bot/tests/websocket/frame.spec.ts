import assert from 'node:assert/strict'
import type { IncomingFrame } from '../../src/websocket/frame'
import { buildFrame, parseFrame } from '../../src/websocket/frame'

const message = {
  msgid: 'M', aibotid: 'B', chatid: 'C', chattype: 'group', from: { userid: 'U' }, msgtype: 'text', text: { content: 'hi' },
}
const event = (eventtype: string) => ({ msgid: 'M', create_time: 1, aibotid: 'B', msgtype: 'event', event: { eventtype } })
const frame = (cmd: string | undefined, body?: object) => JSON.stringify({ cmd, headers: { req_id: 'R' }, body })

describe('frames of the long connection', () => {
  it('parses messages like callbacks', () => {
    assert.deepEqual(parseFrame(frame('aibot_msg_callback', message)), {
      kind: 'callback',
      requestId: 'R',
      payload: {
        kind: 'message', msgId: 'M', botId: 'B', userId: 'U', chatId: 'C', createTime: undefined, responseUrl: undefined,
        body: { type: 'text', text: 'hi' }, quote: undefined,
      },
    })
  })

  it('reads raw control characters in strings', () => {
    const text = frame('aibot_msg_callback', { ...message, text: { content: 'a#b' } }).replace('#', '\t\n\u0001')
    const parsed = parseFrame(text)
    assert.ok(parsed.kind === 'callback' && parsed.payload.kind === 'message')
    assert.deepEqual(parsed.payload.body, { type: 'text', text: 'a\t\n\u0001b' })
  })

  it('reads the key of each link', () => {
    const parsed = parseFrame(frame('aibot_msg_callback', { ...message, msgtype: 'image', image: { url: 'https://x', aeskey: 'K' } }))
    assert.ok(parsed.kind === 'callback' && parsed.payload.kind === 'message')
    assert.deepEqual(parsed.payload.body, { type: 'image', media: { url: 'https://x', aesKey: 'K' } })
  })

  const others: [string, string, IncomingFrame][] = [
    ['an acknowledgement', '{"headers":{"req_id":"R"},"errcode":0,"errmsg":"ok"}', { kind: 'acknowledgement', requestId: 'R', errcode: 0, body: {} }],
    ['an acknowledgement with a body', '{"headers":{"req_id":"R"},"errcode":0,"body":{"upload_id":"I"}}', { kind: 'acknowledgement', requestId: 'R', errcode: 0, body: { upload_id: 'I' } }],
    ['a refusal', '{"headers":{"req_id":"R"},"errcode":6000}', { kind: 'acknowledgement', requestId: 'R', errcode: 6000, body: {} }],
    ['the loss of the bot', frame('aibot_event_callback', event('disconnected_event')), { kind: 'replaced' }],
    ['a ping of WeCom', frame('ping'), { kind: 'ignored' }],
    ['a pong', frame('pong'), { kind: 'ignored' }],
    ['an unknown command', frame('aibot_new'), { kind: 'ignored', reason: 'an unknown command' }],
    ['no JSON', 'hello', { kind: 'ignored', reason: 'payload: not JSON' }],
    ['no object', '[1]', { kind: 'ignored', reason: 'not a frame' }],
    ['no req_id', '{"cmd":"ping","headers":{}}', { kind: 'ignored', reason: 'not a frame' }],
    ['no errcode', '{"headers":{"req_id":"R"}}', { kind: 'ignored', reason: 'neither a command nor an errcode' }],
    ['a message without its sender', frame('aibot_msg_callback', { ...message, from: undefined }), { kind: 'ignored', reason: 'payload: no "from.userid"' }],
    ['a message without a body', frame('aibot_msg_callback'), { kind: 'ignored', reason: 'payload: no "msgtype"' }],
    ['a frame that is too long', frame('aibot_new', { x: 'x'.repeat(1 << 20) }), { kind: 'ignored', reason: 'a frame of more than 1 MB' }],
  ]
  for (const [what, text, expected] of others) {
    it(`understands ${what}`, () => assert.deepEqual(parseFrame(text), expected))
  }

  it('builds frames, with a body or without', () => {
    assert.equal(buildFrame('ping', 'R'), '{"cmd":"ping","headers":{"req_id":"R"}}')
    assert.equal(buildFrame('aibot_send_msg', 'R', { chatid: 'C' }), '{"cmd":"aibot_send_msg","headers":{"req_id":"R"},"body":{"chatid":"C"}}')
  })
})
