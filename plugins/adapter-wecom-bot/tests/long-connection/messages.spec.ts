import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { DeliveryError } from '../../src/api/delivery-error'
import type { MessagePart } from '../../src/push/parts'
import type { TemplateCard } from '../../src/protocol/template-card'
import type { SocketBot } from '../support/socket-bot'
import { createSocketBot } from '../support/socket-bot'
import { MINUTE, SECOND } from '../support/turns'

const notice: TemplateCard = {
  card_type: 'text_notice',
  main_title: { title: 'Deployed' },
  card_action: { type: 1, url: 'https://ci.example.com' },
  task_id: 'T',
}

describe('messages over the long connection', () => {
  let bot: SocketBot

  beforeEach(async () => {
    bot = await createSocketBot()
    bot.gateway.say('hello')
    bot.gateway.say('hello', { chatId: 'GROUP' })
    await bot.until(() => bot.asked.length === 2)
    for (const turn of bot.asked) turn.endChain()
  })

  afterEach(async () => {
    await bot.close()
    assert.deepEqual(bot.gateway.violations, [])
  })

  async function send(channelId: string, ...parts: MessagePart[]) {
    let outcome: unknown = 'pending'
    bot.longConnection.pushTo(channelId).send(parts).then(() => outcome = 'sent', error => outcome = error)
    await bot.until(() => outcome !== 'pending', 10 * MINUTE, 100)
    if (outcome !== 'sent') throw outcome
  }

  it('go to people and to groups, each by its own id', async () => {
    await send('private:USERID', { type: 'markdown', content: 'to a person' })
    await send('GROUP', { type: 'markdown', content: 'to a group' })
    assert.deepEqual([bot.gateway.texts(), bot.gateway.texts('GROUP')], [['to a person'], ['to a group']])
    const bodies = bot.gateway.sent('aibot_send_msg').map(({ body }) => [body.chatid, body.chat_type])
    assert.deepEqual(bodies, [['USERID', 1], ['GROUP', 2]])
  })

  it('are of every type that WeCom takes', async () => {
    await send('GROUP',
      { type: 'text', content: 'look *here*', users: ['alice', '@all'] },
      { type: 'image', data: Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(20)]) },
      { type: 'file', name: '报告.pdf', data: Buffer.from('content') },
      { type: 'voice', name: 'a.amr', data: Buffer.from('#!AMR\n......') },
      { type: 'news', articles: [{ title: 'News', url: 'https://example.com', description: 'more' }] },
      { type: 'card', card: notice },
    )
    assert.deepEqual(bot.gateway.messages('GROUP').map(({ type }) => type),
      ['markdown', 'image', 'file', 'voice', 'markdown', 'template_card'])
    assert.match(bot.gateway.texts('GROUP')[0], /^@alice @all look /)
    assert.match(bot.gateway.texts('GROUP')[4], /\[News\]\(https:\/\/example\.com\)/)
    assert.deepEqual(bot.gateway.uploads().map(({ name }) => name), ['image.png', '报告.pdf', 'a.amr'])
  })

  it('are split where they are too long', async () => {
    await send('GROUP', { type: 'markdown', content: '一行文字。\n'.repeat(3000) })
    assert.ok(bot.gateway.messages('GROUP').length > 1)
    assert.equal(bot.gateway.texts('GROUP').join('\n').match(/一行文字。/g)!.length, 3000)
  })

  it('are refused to chats that have never sent one, with the reason', async () => {
    await assert.rejects(send('OTHER', { type: 'markdown', content: 'hi' }), ({ code, message }: DeliveryError) => {
      return code === 'wecom-bot/delivery-refused' && /93006/.test(message)
    })
    bot.gateway.violations.length = 0
  })

  it('are not kept back by a card that WeCom refuses', async () => {
    bot.gateway.treat = ({ body }) => (body as { msgtype?: string })?.msgtype === 'template_card' ? { errcode: 40058 } : undefined
    const sent = send('GROUP', { type: 'card', card: notice }, { type: 'markdown', content: '之后' })
    await assert.rejects(sent, { code: 'wecom-bot/delivery-refused', message: /^1 of 2 messages not delivered: .*40058/ })
    assert.deepEqual(bot.gateway.texts('GROUP'), ['之后'])
  })

  it('are refused before anything is sent if a card is invalid', async () => {
    const card = { ...notice, card_type: 'other' }
    await assert.rejects(send('GROUP', { type: 'markdown', content: 'first' }, { type: 'card', card }), { code: 'wecom-bot/invalid-card' })
    assert.deepEqual(bot.gateway.texts('GROUP'), [])
  })

  it('wait for a connection, and fail where there is none in time', async () => {
    const isDown = () => !bot.longConnection.connection.isReady
    bot.gateway.disconnect()
    await bot.until(isDown)
    await send('GROUP', { type: 'markdown', content: 'late' })
    assert.deepEqual(bot.gateway.texts('GROUP'), ['late'])
    bot.gateway.treat = () => 'lose'
    bot.gateway.disconnect()
    await bot.until(isDown)
    await assert.rejects(send('GROUP', { type: 'markdown', content: 'never' }), { code: 'wecom-bot/delivery-unsent' })
  })

  it('are not sent again without an acknowledgement', async () => {
    bot.gateway.treat = frame => frame.cmd === 'aibot_send_msg' ? 'no-ack' : undefined
    await assert.rejects(send('GROUP', { type: 'markdown', content: 'once' }), { code: 'wecom-bot/delivery-unconfirmed' })
    assert.deepEqual(bot.gateway.texts('GROUP'), ['once'])
  })

  it('are sent once the limit allows it, if WeCom counts differently', async () => {
    let refusals = 0
    bot.gateway.treat = frame => frame.cmd === 'aibot_send_msg' && !refusals++ ? { errcode: 45009 } : undefined
    await send('GROUP', { type: 'markdown', content: 'later' })
    assert.deepEqual(bot.gateway.texts('GROUP'), ['later'])
  })

  it('fail at once if too many are waiting', async () => {
    const push = bot.longConnection.pushTo('GROUP')
    const sending = Array.from({ length: 140 }, () => push.send([{ type: 'markdown', content: 'x' }]).catch(error => error.code))
    await bot.pass(6 * MINUTE, SECOND)
    const outcomes = await Promise.all(sending)
    assert.equal(outcomes.filter(outcome => outcome === 'wecom-bot/delivery-unsent').length, 40)
    assert.equal(bot.gateway.texts('GROUP').length, 100)
  })

  describe('with files', () => {
    const data = randomBytes(1_300_000)

    it('go on with an upload after a reconnect', async () => {
      let chunks = 0
      bot.gateway.treat = frame => frame.cmd === 'aibot_upload_media_chunk' && ++chunks === 2 ? 'lose' : undefined
      await send('GROUP', { type: 'file', name: 'a.bin', data })
      assert.deepEqual(bot.gateway.uploads()[0].bytes, data)
      assert.deepEqual(bot.gateway.messages('GROUP').map(({ type }) => type), ['file'])
    })

    it('repeat a chunk that WeCom is too busy for', async () => {
      let refusals = 0
      bot.gateway.treat = frame => frame.cmd === 'aibot_upload_media_chunk' && refusals++ < 2 ? { errcode: -1 } : undefined
      await send('GROUP', { type: 'file', name: 'a.bin', data })
      assert.equal(bot.gateway.uploads().length, 1)
    })

    it('keep to 30 uploads a minute', async () => {
      for (let count = 0; count < 35; count++) {
        await send(count % 2 ? 'GROUP' : 'private:USERID', { type: 'file', name: `${count}.txt`, data: Buffer.from('content') })
      }
      assert.equal(bot.gateway.uploads().length, 35)
    })

    it('shorten a long name, but keep its extension', async () => {
      await send('GROUP', { type: 'file', name: `${'长'.repeat(200)}.pdf`, data: Buffer.from('content') })
      const [{ name }] = bot.gateway.uploads()
      assert.ok(Buffer.byteLength(name) <= 256)
      assert.match(name, /^长+\.pdf$/)
    })
  })
})
