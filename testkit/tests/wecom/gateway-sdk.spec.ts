import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { TemplateCard, WsFrame } from '@wecom/aibot-node-sdk'
import { WSClient } from '@wecom/aibot-node-sdk'
import { WecomGateway } from '../../src'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** WeCom's own client is written apart from the gateway and from the adapter: both have to agree with it. */
describe('the gateway, driven by WeCom\'s own SDK', () => {
  let gateway: WecomGateway
  let client: WSClient

  beforeEach(async () => {
    gateway = await WecomGateway.create()
    client = new WSClient({ botId: 'AIBOTID', secret: 'SECRET', wsUrl: gateway.url, logger: silent, heartbeatInterval: 50 })
    const authenticated = new Promise(resolve => client.once('authenticated', () => resolve(undefined)))
    client.connect()
    await authenticated
  })

  afterEach(async () => {
    client.disconnect()
    await gateway.close()
    assert.deepEqual(gateway.violations, [])
  })

  const message = (type: 'message.text' | 'message.image' | 'event.enter_chat' | 'event.template_card_event') => {
    return new Promise<WsFrame>(resolve => client.once(type, frame => resolve(frame as WsFrame)))
  }
  const card = (title: string): TemplateCard => ({
    card_type: 'button_interaction',
    main_title: { title },
    button_list: [{ text: 'Yes', style: 1, key: 'yes' }],
    task_id: 'TASK',
  })

  it('subscribes and pings', async () => {
    await gateway.until(() => gateway.sent('ping').length >= 3)
    assert.equal(gateway.isSubscribed(), true)
  })

  it('streams an answer', async () => {
    const received = message('message.text')
    gateway.say('hello')
    const frame = await received
    for (const content of ['1', '12']) await client.replyStream(frame, 'S', content)
    await client.replyStream(frame, 'S', '123', true, undefined, { id: 'F' })
    assert.deepEqual(gateway.texts(), ['123'])
  })

  it('welcomes a person, and updates a card that was clicked', async () => {
    const entered = message('event.enter_chat')
    gateway.deliver(gateway.payloads.enterChat())
    await client.replyWelcome(await entered, { msgtype: 'text', text: { content: 'welcome' } })
    const received = message('message.text')
    gateway.say('hello')
    await client.replyTemplateCard(await received, card('Deploy?'))
    const clicked = message('event.template_card_event')
    gateway.deliver(gateway.payloads.cardClick({ eventKey: 'yes', taskId: 'TASK' }))
    await client.updateTemplateCard(await clicked, card('Deployed'))
    assert.deepEqual(gateway.messages().map(({ type, content, card }) => [type, content, card?.main_title.title]), [
      ['text', 'welcome', undefined],
      ['template_card', '', 'Deployed'],
    ])
  })

  it('sends messages and files of several chunks', async () => {
    gateway.say('hello', { chatId: 'GROUP' })
    await client.sendMessage('GROUP', { msgtype: 'markdown', markdown: { content: '**hi**' } })
    const data = randomBytes(1_500_000)
    const { media_id: id } = await client.uploadMedia(data, { type: 'file', filename: '报告.pdf' })
    await client.sendMediaMessage('GROUP', 'file', id)
    assert.deepEqual(gateway.uploads().map(({ name, bytes }) => [name, bytes.equals(data)]), [['报告.pdf', true]])
    assert.deepEqual(gateway.messages('GROUP').map(({ type }) => type), ['markdown', 'file'])
  })

  it('decrypts a picture with the key of its link', async () => {
    const received = message('message.image')
    const { url, aeskey } = gateway.media(Buffer.from('picture'), 'a.png')
    gateway.deliver(gateway.payloads.message('image', { url, aeskey }))
    const { body } = await received
    const { buffer } = await client.downloadFile(body.image.url, body.image.aeskey)
    assert.equal(buffer.toString(), 'picture')
  })

  it('learns that another process has taken the bot', async () => {
    const kicked = new Promise(resolve => client.once('event.disconnected_event', resolve))
    gateway.kick()
    await kicked
    assert.equal(gateway.isSubscribed(), false)
  })
})
