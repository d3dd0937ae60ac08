import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { StreamFrame, Payload } from '../../src'
import { ReplyError, SendError, WecomClient, manualClock } from '../../src'
import { createBot, credentials, stream } from './reference-bot'

const start = 1700000000000

describe('WecomClient', () => {
  let bot: Awaited<ReturnType<typeof createBot>>
  let clock: ReturnType<typeof manualClock>
  let client: WecomClient

  async function connect(respond: Parameters<typeof createBot>[0], options: object = {}) {
    bot = await createBot(respond)
    clock = manualClock(start)
    let codes = 0
    const wecom = { clock, issueResponseUrl: (type: string) => `http://127.0.0.1/${type}/${++codes}` }
    client = new WecomClient({ url: bot.url, ...credentials, wecom, ...options })
  }

  afterEach(() => bot?.close())

  async function contents(frames: AsyncIterable<StreamFrame>) {
    const seen: string[] = []
    for await (const { content, finish } of frames) seen.push(finish ? `${content}.` : content)
    return seen
  }

  describe('payloads', () => {
    before(() => connect(() => {}))

    it('match the documentation', () => {
      const o = { msgId: 'M', responseUrl: 'R' }
      const head = { msgid: 'M', aibotid: 'AIBOTID', chattype: 'single', from: { userid: 'USERID' }, response_url: 'R' }
      assert.deepEqual(client.text('hi', o), { ...head, msgtype: 'text', text: { content: 'hi' } })
      assert.deepEqual(client.image('U', o), { ...head, msgtype: 'image', image: { url: 'U' } })
      assert.deepEqual(client.voice('hi', o), { ...head, msgtype: 'voice', voice: { content: 'hi' } })
      assert.deepEqual(client.file('U', o), { ...head, msgtype: 'file', file: { url: 'U' } })
      assert.deepEqual(client.video('U', o), { ...head, msgtype: 'video', video: { url: 'U' } })
      assert.deepEqual(client.mixed(['look', { image: 'U' }], o), {
        ...head,
        msgtype: 'mixed',
        mixed: { msg_item: [{ msgtype: 'text', text: { content: 'look' } }, { msgtype: 'image', image: { url: 'U' } }] },
      })
      assert.deepEqual(client.quote(client.image('U'), 'what?', o), {
        ...head, msgtype: 'text', text: { content: 'what?' }, quote: { msgtype: 'image', image: { url: 'U' } },
      })
      assert.deepEqual(client.stream('S', o).response_url, 'R')
      assert.deepEqual(client.stream('S', { msgId: 'M', chatId: 'C', userId: 'U' }), {
        msgid: 'M', aibotid: 'AIBOTID', chatid: 'C', chattype: 'group', from: { userid: 'U' }, msgtype: 'stream', stream: { id: 'S' },
      })
    })

    it('mention the bot in groups', () => {
      const named = new WecomClient({ url: bot.url, ...credentials, botName: '小 智' })
      const content = (payload: Payload) => (payload.text as { content: string }).content
      assert.equal(content(named.text('hi')), 'hi')
      assert.equal(content(named.text('hi', { chatId: 'C' })), '@小 智 hi')
      assert.equal(content(named.text('@小 智  hi', { chatId: 'C' })), '@小 智  hi')
    })

    it('have a response_url in messages and card clicks only', () => {
      assert.match(client.text('hi').response_url!, /\/single\/\d+$/)
      assert.match(client.text('hi', { chatId: 'C' }).response_url!, /\/group\/\d+$/)
      assert.match(client.cardClick({ eventKey: 'K', taskId: 'T' }).response_url!, /\/single\/\d+$/)
      for (const payload of [
        client.text('hi', { responseUrl: false }), client.stream('S'), client.enterChat(), client.feedback({ id: 'F', type: 1 }),
      ]) assert.equal('response_url' in payload, false)
    })

    it('describe events', () => {
      const head = { msgid: 'M', create_time: 1700000000, aibotid: 'AIBOTID', from: { userid: 'USERID' }, msgtype: 'event' }
      assert.deepEqual(client.enterChat({ msgId: 'M' }), { ...head, event: { eventtype: 'enter_chat' } })
      assert.deepEqual(client.cardClick({ eventKey: 'K', taskId: 'T', selected: { q: ['a', 'b'] } }, { msgId: 'M' }).event, {
        eventtype: 'template_card_event',
        template_card_event: {
          card_type: 'button_interaction',
          event_key: 'K',
          task_id: 'T',
          selected_items: { selected_item: [{ question_key: 'q', option_ids: { option_id: ['a', 'b'] } }] },
        },
      })
      assert.deepEqual(client.feedback({ id: 'F', type: 2, content: 'no', reasons: [2, 4] }, { chatId: 'C' }).event, {
        eventtype: 'feedback_event',
        feedback_event: { id: 'F', type: 2, content: 'no', inaccurate_reason_list: [2, 4] },
      })
    })
  })

  describe('deliveries', () => {
    it('are encrypted and signed, with slashes escaped as WeCom does', async () => {
      await connect(() => stream('hi', true))
      const { status, reply } = await client.post(client.text('a/b', { msgId: 'A/B' }))
      assert.equal(status, 200)
      assert.deepEqual(reply, stream('hi', true))
      assert.equal(bot.payloads[0].msgid, 'A/B')
      const [{ url, headers, body }] = bot.requests
      assert.equal(headers['content-type'], 'application/json')
      assert.equal(url.searchParams.get('timestamp'), '1700000000')
      assert.deepEqual(Object.keys(JSON.parse(body)), ['encrypt'])
    })

    it('apply every override', async () => {
      await connect(() => stream('hi', true))
      const hi = client.text('hi')
      const status = async (o: object) => (await client.post(hi, o)).status
      assert.equal(await status({ token: 'OTHER' }), 403)
      assert.equal(await status({ signature: '0'.repeat(40) }), 403)
      assert.equal(await status({ encodingAESKey: 'B'.repeat(43) }), 403)
      assert.equal(await status({ receiveId: 'wx1' }), 403)
      assert.equal(await status({ query: { msg_signature: undefined } }), 403)
      await client.post(hi, {
        timestamp: 1, nonce: 'N', body: '{"encrypt":"x"}', contentType: 'text/xml', method: 'PUT', headers: { 'x-a': 'b' }, query: { botid: '1' },
      })
      const { url, headers, body } = bot.requests.at(-1)!
      assert.deepEqual([...url.searchParams.keys()].sort(), ['botid', 'msg_signature', 'nonce', 'timestamp'])
      assert.deepEqual(
        [url.searchParams.get('timestamp'), url.searchParams.get('nonce'), body, headers['content-type'], headers['x-a']],
        ['1', 'N', '{"encrypt":"x"}', 'text/xml', 'b'],
      )
    })

    it('accept an empty reply', async () => {
      for (const empty of ['', 'success']) {
        await connect((_, response) => response.end(empty))
        assert.equal((await client.post(client.text('hi'))).reply, undefined)
        await bot.close()
      }
      await connect(() => ({}))
      assert.deepEqual((await client.post(client.text('hi'))).reply, {})
    })

    it('reject an invalid envelope', async () => {
      const bodies = {
        'not JSON': 'hello',
        'no encrypt': '{"msgtype":"stream"}',
        'does not repeat the nonce': '{"encrypt":"x","nonce":"other"}',
      }
      for (const [fault, body] of Object.entries(bodies)) {
        await connect((_, response) => response.end(body))
        await assert.rejects(client.post(client.text('hi')), error => error instanceof ReplyError && error.message.includes(fault))
        await bot.close()
      }
      await connect((_, response) => response.end('{"encrypt":"x","nonce":"N","timestamp":1,"msgsignature":"y"}'))
      await assert.rejects(client.post(client.text('hi'), { nonce: 'N' }), /wrong signature/)
    })

    it('are repeated up to three times with the same msgid if the bot is slow or fails', async () => {
      let count = 0
      await connect((_, response) => {
        if (++count === 1) return response.writeHead(502).end()
        if (count === 2) return new Promise(() => {})
        return stream('hi', true)
      }, { timeout: 40 })
      assert.deepEqual(await contents(client.ask('hi')), ['hi.'])
      assert.equal(bot.payloads.length, 3)
      assert.equal(new Set(bot.payloads.map(({ msgid }) => msgid)).size, 1)
      assert.equal(new Set(bot.requests.map(({ url }) => url.searchParams.get('nonce'))).size, 3)
    })

    it('end after three attempts, and after one for a card click', async () => {
      await connect((_, response) => response.writeHead(500).end())
      await assert.rejects(client.deliver(client.text('hi')), /500/)
      assert.equal(bot.payloads.length, 3)
      await assert.rejects(client.deliver(client.cardClick({ eventKey: 'K', taskId: 'T' })), /500/)
      assert.equal(bot.payloads.length, 4)
      await bot.close()
      await assert.rejects(client.deliver(client.text('hi')), error => error instanceof SendError && error.code === 'unreachable')
    })
  })

  describe('replies', () => {
    const png = Buffer.from('89504e470d0a1a0a', 'hex')
    const image = (bytes = png, md5 = createHash('md5').update(bytes).digest('hex')) => {
      return { msgtype: 'image', image: { base64: bytes.toString('base64'), md5 } }
    }
    const card = (card_type = 'text_notice', rest: object = {}) => ({ msgtype: 'template_card', template_card: { card_type, ...rest } })

    const hi = (client: WecomClient) => client.text('hi')
    const click = (client: WecomClient) => client.cardClick({ eventKey: 'K', taskId: 'T' })
    const update = (task_id: string) => ({ response_type: 'update_template_card', template_card: { card_type: 'text_notice', task_id } })

    const valid: [name: string, callback: (client: WecomClient) => Payload, reply: object][] = [
      ['20480 bytes', hi, stream('好'.repeat(6826) + 'ab')],
      ['pictures in a finished stream', hi, stream('a', true, { msg_item: [image()] })],
      ['a card', hi, card()],
      ['a card with a stream', hi, { ...stream('a'), ...card(), msgtype: 'stream_with_template_card' }],
      ['a welcome text', client => client.enterChat(), { msgtype: 'text', text: { content: 'hi' } }],
      ['an updated card', click, update('T')],
    ]
    for (const [name, callback, reply] of valid) {
      it(`accept ${name}`, async () => {
        await connect(() => reply)
        assert.deepEqual((await client.post(callback(client))).reply, reply)
      })
    }

    const invalid: typeof valid = [
      ['20481 bytes', hi, stream('好'.repeat(6827))],
      ['a stream without id', hi, stream('a', true, {}, '')],
      ['pictures in an unfinished stream', hi, stream('a', false, { msg_item: [image()] })],
      ['eleven pictures', hi, stream('a', true, { msg_item: Array.from({ length: 11 }, () => image()) })],
      ['a picture of another kind', hi, stream('a', true, { msg_item: [image(Buffer.from('GIF89a'))] })],
      ['a picture with a wrong md5', hi, stream('a', true, { msg_item: [image(png, '0')] })],
      ['a text to a message', hi, { msgtype: 'text', text: { content: 'hi' } }],
      ['markdown', hi, { msgtype: 'markdown', markdown: { content: 'hi' } }],
      ['a card of unknown type', hi, card('poem')],
      ['a card with a bad task_id', hi, card('text_notice', { task_id: 'a b' })],
      ['a stream other than the requested one', client => client.stream('S'), stream('a')],
      ['a card to a poll', client => client.stream('S'), card()],
      ['a stream to enter_chat', client => client.enterChat(), stream('a', true)],
      ['an updated card with another task_id', click, update('X')],
      ['any reply to feedback', client => client.feedback({ id: 'F', type: 1 }), stream('a', true)],
    ]
    for (const [name, callback, reply] of invalid) {
      it(`reject ${name}`, async () => {
        await connect(() => reply)
        await assert.rejects(client.post(callback(client)), ReplyError)
      })
    }
  })

  describe('conversations', () => {
    it('poll once a second until the stream finishes', async () => {
      const states = ['', '你', '你好', '你好。']
      const times: number[] = []
      await connect(() => {
        times.push(clock.now() - start)
        return stream(states.shift()!, !states.length)
      })
      assert.deepEqual(await contents(client.ask('hi', { chatId: 'C', userId: 'U' })), ['', '你', '你好', '你好。.'])
      assert.deepEqual(times, [0, 1000, 2000, 3000])
      const [first, ...polls] = bot.payloads
      assert.deepEqual(first.text, { content: 'hi' })
      assert.equal(new Set(bot.payloads.map(({ msgid }) => msgid)).size, 4)
      for (const { msgtype, stream, chatid, from, aibotid } of polls) {
        assert.deepEqual({ msgtype, stream, chatid, from, aibotid }, {
          msgtype: 'stream', stream: { id: 'STREAM' }, chatid: 'C', from: { userid: 'U' }, aibotid: 'AIBOTID',
        })
      }
    })

    it('end without finish after six minutes', async () => {
      await connect(() => stream('…'), { pollInterval: 10000 })
      assert.equal((await contents(client.ask('hi'))).length, 37)
      assert.equal(clock.now() - start, 370000)
    })

    it('yield nothing if the bot does not reply', async () => {
      await connect(() => {})
      assert.deepEqual(await contents(client.ask('hi')), [])
      assert.deepEqual(await contents(client.ask(client.feedback({ id: 'F', type: 1 }))), [])
    })

    it('yield welcome texts and cards', async () => {
      await connect(({ msgtype }) => msgtype === 'event'
        ? { msgtype: 'text', text: { content: 'welcome' } }
        : { msgtype: 'template_card', template_card: { card_type: 'text_notice' } })
      assert.deepEqual(await contents(client.ask(client.enterChat())), ['welcome.'])
      const frames = []
      for await (const frame of client.ask('hi')) frames.push(frame)
      assert.equal(frames[0].raw.template_card.card_type, 'text_notice')
    })

    it('continue after two failed polls and fail after three', async () => {
      let polls = 0
      await connect(({ msgtype }, response) => {
        if (msgtype === 'text') return stream('')
        if (++polls === 3) return stream('a')
        return response.writeHead(502).end()
      })
      const seen: string[] = []
      await assert.rejects(async () => {
        for await (const { content } of client.ask('hi')) seen.push(content)
      }, /502/)
      assert.deepEqual(seen, ['', 'a'])
      assert.equal(polls, 6)
    })

    it('stop when the signal aborts', async () => {
      await connect(() => stream('a'))
      const stop = new AbortController()
      let count = 0
      for await (const _ of client.ask('hi', { signal: stop.signal })) if (++count === 3) stop.abort()
      assert.equal(count, 3)
      assert.equal(bot.payloads.length, 3)
    })
  })

  it('rejects malformed credentials', () => {
    assert.throws(() => new WecomClient({ url: 'nowhere', ...credentials }), TypeError)
    assert.throws(() => new WecomClient({ url: 'http://a', token: 'T', encodingAESKey: 'short' }), /43/)
  })
})
