import assert from 'node:assert/strict'
import type { Session } from 'koishi'
import { h } from 'koishi'
import type { WecomBot } from '../../src'
import type { World } from '../support/world'
import { createWorld } from '../support/world'

const GROUP = 'wrGROUP'
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

const notice = { card_type: 'text_notice', sub_title_text: 'x', card_action: { type: 1, url: 'https://a.example' } }
const card = (content: unknown) => h('wecom-bot:card', { content })
const news = (url: string) => h('wecom-bot:news', { content: [{ title: '新闻', url }] })
const picture = (bytes = 1000) => h.image(Buffer.concat([PNG, Buffer.alloc(bytes)]), 'image/png')

describe('what WeCom refuses of a message', () => {
  let world: World
  let bot: WecomBot

  beforeEach(async () => {
    world = await createWorld()
    bot = world.add({ firstReply: 4000, webhooks: { [GROUP]: `KEY-${Math.random()}` } }).bot
  })

  afterEach(() => world.close())

  const arrived = () => world.wecom.webhooks.filter(({ errcode }) => !errcode)
    .map(({ body }): string => body.markdown_v2?.content ?? body.msgtype)

  describe('of a push', () => {
    for (const [name, element] of Object.entries({ card: card(notice), picture: picture(), news: news('https://a.example') })) {
      it(`does not keep back the words after a ${name}, and is reported`, async () => {
        world.wecom.fail('webhook', { errcode: 40058 })
        await assert.rejects(bot.sendMessage(GROUP, [element, h.text('之后')]), {
          code: 'wecom-bot/delivery-refused', message: /^1 of 2 messages not delivered: .*40058/,
        })
        assert.deepEqual(arrived(), ['之后'])
      })
    }

    it('reports the first of several', async () => {
      world.wecom.fail('webhook', { errcode: 40004 })
      world.wecom.fail('webhook', { errcode: 40058 })
      await assert.rejects(bot.sendMessage(GROUP, [picture(), card(notice), h.text('之后')]), /2 of 3 messages.*40004/)
      assert.deepEqual(arrived(), ['之后'])
    })

    it('ends it if it is words', async () => {
      world.wecom.fail('webhook', { errcode: 93000 })
      await assert.rejects(bot.sendMessage(GROUP, [h.text('词'), picture()]), /2 of 2 messages/)
      assert.deepEqual(arrived(), [])
    })
  })

  describe('before it is sent', () => {
    const wrong = Object.entries({
      'a card that is no JSON': card('{'), 'a card without buttons': card({ card_type: 'button_interaction', button_list: [] }),
      'a card that webhooks do not take': card({
        card_type: 'button_interaction', main_title: { title: 't' }, button_list: [{ text: 'b', key: 'k' }], task_id: 't',
      }),
      'news without an address': news('none'),
    })
    for (const [name, element] of wrong) {
      it(`leaves the words of a reply that comes too late for its bubble, beside ${name}`, async () => {
        const content = [h('p', [h.text('之前'), element]), h.text('之后')]
        await assert.rejects(bot.sendMessage(GROUP, content, { turn: 'gone' } as never), /template card|news:/)
        assert.deepEqual(arrived().join(' ').split(/\s+/), ['之前', '之后'])
      })

      it(`leaves nothing of other messages: the plugin is told, and can send again, beside ${name}`, async () => {
        await assert.rejects(bot.sendMessage(GROUP, [h.text('之前'), element]), /template card|news:/)
        assert.deepEqual(arrived(), [])
      })
    }

    it('leaves the words, and a card that is right, in the bubble beside wrong news', async () => {
      world.app.middleware(async (session: Session) => {
        await session.send([h.text('请看'), news('none'), card({ ...notice, task_id: 'right' })])
      })
      const client = world.client()
      const { stream } = (await client.post(client.text('hi'))).reply!
      assert.deepEqual([stream!.content, stream!.finish], ['请看', true])
      assert.match(world.log.text, /NewsError: news/)
    })
  })

  describe('of pictures', () => {
    async function answer(elements: h[], chatId?: string) {
      world.app.middleware(async (session: Session) => {
        await session.send('图：')
        await session.bot.sendMessage(session.channelId!, elements, session.event.referrer, { session })
      })
      let last = ''
      const client = world.client()
      for await (const { content } of client.ask('画', { chatId })) last = content
      return last
    }

    it('is nothing where they are small', async () => {
      assert.equal(await answer([picture()], GROUP), '图：')
      assert.deepEqual(arrived(), [])
    })

    it('goes to the group if it is too large for a bubble, and the bubble says so', async () => {
      assert.equal(await answer([picture(600_000)], GROUP), '图：\n\n（图片另发了消息。）')
      assert.deepEqual(arrived(), ['image'])
    })

    it('goes as a file if it is larger still, or of another type', async () => {
      const webp = h.image(Buffer.from(`RIFF\0\0\0\0WEBP${'x'.repeat(100)}`, 'latin1'), 'image/webp')
      assert.match(await answer([picture(3_000_000), h('p', [h.text('和'), webp])], GROUP), /^图：\n\n和\n\n（图片另发了消息。）$/)
      assert.deepEqual(arrived(), ['file', 'file'])
      assert.deepEqual(world.wecom.uploads.map(({ filename }) => filename).sort(), ['image.png', 'image.webp'])
    })

    it('is said where there is no other way', async () => {
      assert.equal(await answer([picture(600_000)]), '图：\n\n[图片：过大或过多，未发送]')
    })

    it('is said where the other way fails, and logged', async () => {
      world.wecom.fail('webhook', { errcode: 40009 })
      assert.equal(await answer([picture(600_000)], GROUP), '图：\n\n[图片：过大或过多，未发送]')
      assert.match(world.log.text, /40009/)
    })
  })
})
