import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Payload, Reply } from '../src'
import { Payloads, faults } from '../src'

const payloads = new Payloads({ botId: 'B', userId: 'U', now: () => 0 })
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

describe('what WeCom takes for a reply', () => {
  const taken: [name: string, payload: Payload, reply: Reply][] = [
    ['a stream to a message', text, stream()],
    ['a stream of 20,480 bytes', text, stream({ content: 'x'.repeat(20480) })],
    ['a stream with nothing in it that goes on', text, stream({ finish: false, content: '' })],
    ['a stream with pictures at its end', poll, stream({ msg_item: Array(10).fill(picture()) })],
    ['the stream that was asked for', poll, stream()],
    ['a card', text, { msgtype: 'template_card', template_card: card }],
    ['a stream with a card', poll, { ...stream(), msgtype: 'stream_with_template_card', template_card: card }],
    ['a text to who enters', payloads.enterChat(), { msgtype: 'text', text: { content: 'hi' } }],
    ['a card to who enters', payloads.enterChat(), { msgtype: 'template_card', template_card: card }],
    ['the card that was clicked', click, { response_type: 'update_template_card', template_card: card }],
    ['nothing', text, {}],
  ]
  for (const [name, payload, reply] of taken) {
    it(`is ${name}`, () => assert.deepEqual([...faults(payload, reply)], []))
  }

  const refused: [name: string, payload: Payload, reply: Reply, fault: RegExp][] = [
    ['a text to a message', text, { msgtype: 'text', text: { content: 'hi' } }, /no reply to text/],
    ['Markdown', text, { msgtype: 'markdown' }, /no reply to text/],
    ['a card to a poll', poll, { msgtype: 'template_card', template_card: card }, /no reply to stream/],
    ['a stream to who enters', payloads.enterChat(), stream(), /no reply to event/],
    ['anything to an opinion', payloads.feedback({ id: 'F', type: 1 }), stream(), /no reply to event/],
    ['another stream', poll, stream({ id: 'OTHER' }), /another stream/],
    ['a stream without id', text, stream({ id: '' }), /without id/],
    ['a stream that does not say whether it ends', text, stream({ finish: 'true' }), /no boolean/],
    ['a stream of 20,481 bytes', text, stream({ content: 'x'.repeat(20478) + '企' }), /more than 20480 bytes/],
    ['a stream with pictures before its end', text, stream({ finish: false, msg_item: [picture()] }), /before/],
    ['a stream with eleven pictures', text, stream({ msg_item: Array(11).fill(picture()) }), /more than 10/],
    ['a picture that is none', text, stream({ msg_item: [picture(Buffer.from('GIF89a'))] }), /neither JPG nor PNG/],
    ['a picture with another md5', text, stream({ msg_item: [picture(undefined, 'x')] }), /md5/],
    ['a long feedback id', text, stream({ feedback: { id: 'x'.repeat(257) } }), /256/],
    ['a card of no type', text, { msgtype: 'template_card', template_card: {} }, /unknown type/],
    ['another card than was clicked', click, {
      response_type: 'update_template_card', template_card: { ...card, task_id: 'OTHER' },
    }, /task_id/],
  ]
  for (const [name, payload, reply, fault] of refused) {
    it(`is not ${name}`, () => assert.match([...faults(payload, reply)].join(), fault))
  }

  for (const content of ['', ' \n', '\u200b', '\u3164', '<think></think>', '<think>\n</think> ']) {
    it(`is not a stream that ends with ${JSON.stringify(content)}, in which nothing can be seen`, () => {
      assert.match([...faults(text, stream({ content }))].join(), /nothing can be seen/)
    })
  }
})
