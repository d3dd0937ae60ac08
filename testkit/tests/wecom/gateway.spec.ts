import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { GatewayOptions, ManualClock } from '../../src'
import { WecomGateway, decryptMedia, manualClock } from '../../src'
import { GatewayClient } from './gateway-client'

describe('the gateway of the long connection', () => {
  let gateway: WecomGateway
  let clock: ManualClock

  async function start(options: GatewayOptions = {}) {
    clock = manualClock()
    gateway = await WecomGateway.create({ clock, ...options })
  }

  afterEach(async () => {
    await gateway.close()
  })

  describe('subscriptions', () => {
    beforeEach(() => start())

    it('refuses an unknown bot and a wrong secret, and takes the right one', async () => {
      const client = await GatewayClient.connect(gateway)
      const subscribe = async (bot_id: string, secret: string) => {
        return (await client.request('aibot_subscribe', { bot_id, secret })).errcode
      }
      assert.equal(await subscribe('OTHER', 'SECRET'), 40013)
      assert.equal(await subscribe('AIBOTID', 'WRONG'), 40001)
      assert.equal(gateway.isSubscribed(), false)
      assert.equal(await subscribe('AIBOTID', 'SECRET'), 0)
      assert.equal(gateway.isSubscribed(), true)
      assert.deepEqual(gateway.violations, [])
    })

    it('refuses every other frame before', async () => {
      const client = await GatewayClient.connect(gateway)
      const body = { chatid: 'USERID', msgtype: 'markdown', markdown: { content: 'hi' } }
      const { errcode } = await client.request('aibot_send_msg', body)
      assert.equal(errcode, 846609)
      assert.match(gateway.violations[0], /before the subscription/)
    })

    it('replaces the connection of a bot that subscribes again, and tells it', async () => {
      const first = await GatewayClient.subscribed(gateway)
      const closed = once(first.socket, 'close')
      const second = await GatewayClient.subscribed(gateway)
      const { body } = await first.next(frame => frame.cmd === 'aibot_event_callback')
      assert.equal(body.event.eventtype, 'disconnected_event')
      assert.equal(body.from, undefined)
      await closed
      gateway.say('hi')
      assert.equal((await second.next(frame => frame.cmd === 'aibot_msg_callback')).body.text.content, 'hi')
    })

    it('loses what comes while the bot is away', async () => {
      assert.equal(gateway.say('hi'), undefined)
      assert.equal(gateway.lost.length, 1)
      const client = await GatewayClient.subscribed(gateway)
      await client.request('ping')
      assert.equal(client.received.some(frame => frame.cmd), false)
    })

    it('closes a connection without a ping for 90 seconds', async () => {
      const client = await GatewayClient.subscribed(gateway)
      clock.advance(89_000)
      await client.request('ping')
      clock.advance(90_001)
      assert.equal(gateway.isSubscribed(), false)
      assert.deepEqual(gateway.violations, ['no frame for 90 seconds'])
    })

    it('answers a half-alive connection, but delivers nothing to it', async () => {
      await gateway.close()
      await start({ keepsReplaced: true })
      const client = await GatewayClient.subscribed(gateway)
      gateway.kick()
      assert.equal((await client.request('ping')).errcode, 0)
      assert.equal(gateway.say('hi'), undefined)
      assert.equal((await client.request('aibot_send_msg', {})).errcode, 846609)
    })
  })

  describe('streams', () => {
    let client: GatewayClient

    beforeEach(async () => {
      await start()
      client = await GatewayClient.subscribed(gateway)
    })

    it('replaces the content with each frame, and ends with the last', async () => {
      const id = gateway.say('hi')!
      assert.equal(await client.stream(id, 'S', 'one'), 0)
      assert.deepEqual(gateway.texts(), ['one…'])
      assert.equal(await client.stream(id, 'S', 'one two'), 0)
      assert.equal(await client.stream(id, 'S', 'one two three', true), 0)
      assert.deepEqual(gateway.texts(), ['one two three'])
      assert.equal(await client.stream(id, 'S', 'one two three', true), 0, 'the last frame may be repeated')
      assert.equal(await client.stream(id, 'S', 'four'), 846608)
      assert.deepEqual(gateway.violations, ['a frame after the last frame of its stream'])
    })

    it('expires six minutes after the first frame, and takes a second stream', async () => {
      const id = gateway.say('hi')!
      await client.stream(id, 'S', 'one')
      clock.advance(6 * 60_000 + 1)
      await client.request('ping')
      assert.equal(await client.stream(id, 'S', 'two', true), 846608)
      assert.equal(await client.stream(id, 'S.2', 'two', true), 0)
      assert.deepEqual(gateway.texts(), ['one…', 'two'])
    })

    it('refuses a second frame of a req_id before the acknowledgement of the first', async () => {
      let release = () => {}
      clock.sleep = () => new Promise<void>(resolve => release = resolve)
      const id = gateway.say('hi')!
      gateway.treat = frame => frame.body?.stream?.content === 'one' ? { delayMs: 3000 } : undefined
      const first = client.stream(id, 'S', 'one')
      client.send('aibot_respond_msg', { msgtype: 'stream', stream: { id: 'S', content: 'two', finish: false } }, id)
      await client.next(frame => frame.headers.req_id === id && frame.errcode === 6000)
      release()
      await client.next(frame => frame.headers.req_id === id && frame.errcode === 0)
      assert.equal(await first, 6000, 'the acknowledgements do not tell which frame they belong to')
      assert.deepEqual(gateway.texts(), ['one…'])
    })

    const refused: [string, object, number][] = [
      ['pictures', { stream: { id: 'S', content: 'x', finish: true, msg_item: [] } }, 40058],
      ['a card', { template_card: { card_type: 'text_notice' } }, 40008],
      ['too much content', { stream: { id: 'S', content: '好'.repeat(6827), finish: false } }, 40058],
      ['a last frame that shows nothing', { stream: { id: 'S', content: '<think></think> ', finish: true } }, 40058],
      ['no id', { stream: { content: 'x', finish: false } }, 40058],
      ['the type of a passive reply', { msgtype: 'stream_with_template_card' }, 40008],
      ['a text', { msgtype: 'text', text: { content: 'x' } }, 40008],
    ]
    for (const [what, body, errcode] of refused) {
      it(`refuses ${what}`, async () => {
        const whole = { msgtype: 'stream', stream: { id: 'S', content: 'x', finish: false }, ...body }
        const answer = await client.request('aibot_respond_msg', whole, gateway.say('hi'))
        assert.equal(answer.errcode, errcode)
        assert.equal(gateway.violations.length, 1)
        assert.deepEqual(gateway.texts(), [])
      })
    }

    it('counts every frame, 30 a minute in one conversation', async () => {
      const id = gateway.say('hi')!
      for (let frame = 1; frame <= 30; frame++) assert.equal(await client.stream(id, 'S', `${frame}`), 0)
      assert.equal(await client.stream(id, 'S', '31'), 45009)
      assert.equal(await client.stream(gateway.say('hi', { chatId: 'GROUP' })!, 'G', '1'), 0)
      clock.advance(60_000)
      assert.equal(await client.stream(id, 'S', '32', true), 0)
    })

    it('takes the req_id of an earlier connection, unless it is told not to', async () => {
      const id = gateway.say('hi')!
      client = await GatewayClient.subscribed(gateway)
      assert.equal(await client.stream(id, 'S', 'one'), 0)
      await gateway.close()
      await start({ keepsRequestIds: false })
      await GatewayClient.subscribed(gateway)
      const other = gateway.say('hi')!
      client = await GatewayClient.subscribed(gateway)
      assert.equal(await client.stream(other, 'S', 'one'), 846605)
      assert.deepEqual(gateway.violations, [])
    })
  })

  describe('events', () => {
    let client: GatewayClient
    const welcome = { msgtype: 'text', text: { content: 'welcome' } }
    const card = (task_id: string, title: string) => ({
      response_type: 'update_template_card',
      template_card: { card_type: 'button_interaction', main_title: { title }, task_id },
    })

    beforeEach(async () => {
      await start()
      client = await GatewayClient.subscribed(gateway)
    })

    it('takes one welcome, within five seconds', async () => {
      const [first, second] = [1, 2].map(() => gateway.deliver(gateway.payloads.enterChat())!)
      assert.equal((await client.request('aibot_respond_welcome_msg', welcome, first)).errcode, 0)
      assert.equal((await client.request('aibot_respond_welcome_msg', welcome, first)).errcode, 846605)
      clock.advance(5001)
      assert.equal((await client.request('aibot_respond_welcome_msg', welcome, second)).errcode, 846605)
      assert.deepEqual(gateway.texts(), ['welcome'])
    })

    it('updates the card that was clicked', async () => {
      const { template_card } = card('T', 'before')
      const message = gateway.say('hi')!
      await client.request('aibot_respond_msg', { msgtype: 'template_card', template_card }, message)
      const click = gateway.deliver(gateway.payloads.cardClick({ eventKey: 'yes', taskId: 'T' }))!
      assert.equal((await client.request('aibot_respond_update_msg', card('OTHER', 'after'), click)).errcode, 40058)
      const again = gateway.deliver(gateway.payloads.cardClick({ eventKey: 'yes', taskId: 'T' }))!
      assert.equal((await client.request('aibot_respond_update_msg', card('T', 'after'), again)).errcode, 0)
      assert.equal(gateway.messages()[0].card.main_title.title, 'after')
    })

    it('refuses the command of another kind', async () => {
      const event = gateway.deliver(gateway.payloads.enterChat())!
      const message = gateway.say('hi')!
      assert.equal(await client.stream(event, 'S', 'one'), 846605)
      assert.equal((await client.request('aibot_respond_welcome_msg', welcome, message)).errcode, 846605)
      assert.equal((await client.request('aibot_respond_update_msg', card('T', 'x'), message)).errcode, 846605)
      assert.equal(gateway.violations.length, 3)
    })
  })

  describe('messages and files', () => {
    let client: GatewayClient

    beforeEach(async () => {
      await start()
      client = await GatewayClient.subscribed(gateway)
    })

    const push = (chatid: string, body: object) => client.request('aibot_send_msg', { chatid, ...body })

    it('takes messages only in conversations that have one', async () => {
      const markdown = { msgtype: 'markdown', markdown: { content: 'hi' } }
      assert.equal((await push('USERID', markdown)).errcode, 93006)
      gateway.say('hello')
      assert.equal((await push('USERID', markdown)).errcode, 0)
      assert.deepEqual(gateway.texts(), ['hi'])
    })

    async function upload(data: Buffer, changes: { md5?: string, chunks?: number[] } = {}) {
      const md5 = createHash('md5').update(data).digest('hex')
      const count = Math.ceil(data.length / (512 * 1024))
      const init = await client.request('aibot_upload_media_init', {
        type: 'file', filename: 'a.bin', total_size: data.length, total_chunks: count, md5, ...changes,
      })
      for (const index of changes.chunks ?? [...Array(count).keys()]) {
        const base64_data = data.subarray(index * 512 * 1024, (index + 1) * 512 * 1024).toString('base64')
        await client.request('aibot_upload_media_chunk', { upload_id: init.body.upload_id, chunk_index: index, base64_data })
      }
      return client.request('aibot_upload_media_finish', { upload_id: init.body.upload_id })
    }

    it('assembles a file from its chunks, in any order', async () => {
      const data = randomBytes(1_200_000)
      const { errcode, body } = await upload(data, { chunks: [2, 0, 0, 1] })
      assert.equal(errcode, 0)
      assert.deepEqual(gateway.uploads()[0].bytes, data)
      gateway.say('hello')
      assert.equal((await push('USERID', { msgtype: 'file', file: { media_id: body.media_id } })).errcode, 0)
      assert.equal((await push('USERID', { msgtype: 'image', image: { media_id: body.media_id } })).errcode, 40058)
    })

    it('refuses a file with a missing chunk or a wrong md5', async () => {
      assert.equal((await upload(randomBytes(600_000), { chunks: [0] })).errcode, 40058)
      assert.equal((await upload(randomBytes(100), { md5: '0'.repeat(32) })).errcode, 40058)
      assert.equal(gateway.uploads().length, 0)
    })

    it('stores media encrypted with a key of its own', async () => {
      const { url, aeskey } = gateway.media(Buffer.from('picture'), 'a.png')
      const response = await fetch(url)
      const bytes = Buffer.from(await response.arrayBuffer())
      assert.equal(aeskey.length, 43)
      assert.equal(decryptMedia(Buffer.from(aeskey, 'base64'), bytes).toString(), 'picture')
    })
  })

  describe('treatment', () => {
    beforeEach(() => start())

    it('acknowledges late, not at all, or breaks the connection', async () => {
      const client = await GatewayClient.subscribed(gateway)
      gateway.say('hello')
      const body = (content: string) => ({ chatid: 'USERID', msgtype: 'markdown', markdown: { content } })
      gateway.treat = frame => frame.cmd === 'aibot_send_msg' ? 'no-ack' : undefined
      const dropped = client.send('aibot_send_msg', body('dropped'))
      await gateway.until(() => gateway.texts().length === 1)
      gateway.treat = frame => frame.cmd === 'aibot_send_msg' ? { errcode: 45009 } : undefined
      assert.equal((await client.request('aibot_send_msg', body('refused'))).errcode, 45009)
      gateway.treat = () => 'break'
      const closed = once(client.socket, 'close')
      client.send('aibot_send_msg', body('broken'))
      await closed
      assert.equal(client.received.some(frame => frame.headers.req_id === dropped), false)
      assert.deepEqual(gateway.texts(), ['dropped', 'broken'])
      assert.deepEqual(gateway.violations, [])
    })
  })
})
