import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Payload, Reply } from '../../src'
import { PayloadBuilder, replyFaults } from '../../src'

const payloads = new PayloadBuilder({ botId: 'B', userId: 'U', now: () => 0 })
const text = payloads.text('hi')
const poll = payloads.stream('S')
const click = payloads.cardClick({ eventKey: 'k', taskId: 'T' })
const stream = (fields: object = {}): Reply => ({
  msgtype: 'stream', stream: { id: 'S', finish: true, content: 'hi', ...fields },
})
const card = { card_type: 'text_notice', task_id: 'T' }

function picture(bytes = Buffer.from('89504e470d0a1a0a', 'hex'), md5 = createHash('md5').update(bytes).digest('hex')) {
  return { msgtype: 'image', image: { base64: bytes.toString('base64'), md5 } }
}

describe('replyFaults', () => {
  const valid: [name: string, payload: Payload, reply: Reply][] = [
    ['a stream to a message', text, stream()],
    ['a stream of 20,480 bytes', text, stream({ content: 'x'.repeat(20480) })],
    ['an unfinished stream without content', text, stream({ finish: false, content: '' })],
    ['a finished stream with pictures', poll, stream({ msg_item: Array(10).fill(picture()) })],
    ['the requested stream', poll, stream()],
    ['a card', text, { msgtype: 'template_card', template_card: card }],
    ['a stream with a card', poll, { ...stream(), msgtype: 'stream_with_template_card', template_card: card }],
    ['a text to enter_chat', payloads.enterChat(), { msgtype: 'text', text: { content: 'hi' } }],
    ['a card to enter_chat', payloads.enterChat(), { msgtype: 'template_card', template_card: card }],
    ['an update of the clicked card', click, { response_type: 'update_template_card', template_card: card }],
    ['an empty reply', text, {}],
  ]
  for (const [name, payload, reply] of valid) {
    it(`accepts ${name}`, () => assert.deepEqual([...replyFaults(payload, reply)], []))
  }

  const invalid: [name: string, payload: Payload, reply: Reply, fault: RegExp][] = [
    ['a text to a message', text, { msgtype: 'text', text: { content: 'hi' } }, /not a valid reply to text/],
    ['Markdown', text, { msgtype: 'markdown' }, /not a valid reply to text/],
    ['a card to a poll', poll, { msgtype: 'template_card', template_card: card }, /not a valid reply to stream/],
    ['a stream to enter_chat', payloads.enterChat(), stream(), /not a valid reply to event/],
    ['any reply to feedback', payloads.feedback({ id: 'F', type: 1 }), stream(), /not a valid reply to event/],
    ['another stream', poll, stream({ id: 'OTHER' }), /a stream other than the requested one/],
    ['a stream without id', text, stream({ id: '' }), /without an id/],
    ['a stream whose finish is not a boolean', text, stream({ finish: 'true' }), /not a boolean/],
    ['a stream of 20,481 bytes', text, stream({ content: 'x'.repeat(20478) + '企' }), /more than 20480 bytes/],
    ['an unfinished stream with pictures', text, stream({ finish: false, msg_item: [picture()] }), /before/],
    ['a stream with eleven pictures', text, stream({ msg_item: Array(11).fill(picture()) }), /more than 10/],
    ['a picture that is neither JPG nor PNG', text, stream({ msg_item: [picture(Buffer.from('GIF89a'))] }), /neither JPG nor PNG/],
    ['a picture with a wrong md5', text, stream({ msg_item: [picture(undefined, 'x')] }), /md5/],
    ['a long feedback id', text, stream({ feedback: { id: 'x'.repeat(257) } }), /256/],
    ['a card without a type', text, { msgtype: 'template_card', template_card: {} }, /unknown type/],
    ['an update of a card other than the clicked one', click, {
      response_type: 'update_template_card', template_card: { ...card, task_id: 'OTHER' },
    }, /task_id/],
  ]
  for (const [name, payload, reply, fault] of invalid) {
    it(`rejects ${name}`, () => assert.match([...replyFaults(payload, reply)].join(), fault))
  }

  for (const content of ['', ' \n', '\u200b', '\u3164', '<think></think>', '<think>\n</think> ']) {
    it(`rejects a finished stream with the invisible content ${JSON.stringify(content)}`, () => {
      assert.match([...replyFaults(text, stream({ content }))].join(), /without visible content/)
    })
  }
})
