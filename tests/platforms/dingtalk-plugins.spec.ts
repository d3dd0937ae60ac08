import assert from 'node:assert/strict'
import type { Dingtalk } from 'testkit'
import { DingtalkInstance } from '../support/dingtalk-instance'

/** Plugins that know nothing of DingTalk: they send, edit, and listen to Koishi's events. */
const plugin = `
const { h } = require('koishi')
const { setTimeout } = require('node:timers/promises')

exports.name = 'ordinary'
exports.apply = (ctx) => {
  ctx.command('grow').action(async ({ session }) => {
    const { bot, channelId } = session
    const [id] = await session.send('一')
    for (const text of ['一二', '一二三', '一二三四']) {
      await setTimeout(700)
      await bot.editMessage?.(channelId, id, text)
    }
  })
  ctx.command('markup').action(() => [h('b', '粗体'), ' a_b *c* 1 < 2', h('br'), h('a', { href: 'https://a.b/c' }, '链接')])
  ctx.command('files').action(async ({ session }) => {
    await session.send([
      '看图', h.image(Buffer.from('iVBORw0KGgo=', 'base64'), 'image/png'), h.file(Buffer.from('%PDF-1.4'), 'application/pdf', { title: '说明.pdf' }),
    ])
  })
  const file = type => h.file(Buffer.from('0102', 'hex'), type).attrs.src
  ctx.command('voice').action(() => ['听', h('audio', { src: file('audio/mpeg'), duration: 2.5 })])
  ctx.command('film').action(() => ['看', h('video', { src: file('video/mp4'), duration: 3, poster: file('image/png') }), '完'])
  ctx.command('choose').action(() => h.parse('选一个<button id="yes" type="action">好</button><button type="link" href="https://a.b/c">打开</button>'))
  ctx.command('notify').action(async ({ session }) => {
    await session.bot.sendMessage('cidOTHER', '给群')
    await session.bot.sendPrivateMessage('bob', '给人')
  })
  ctx.command('quoted').action(({ session }) => h.text(session.quote ? session.quote.content : '没有引用'))
  ctx.on('interaction/button', session => void session.bot.sendMessage(session.channelId, '点了 ' + session.event.button.id))
  ctx.on('dingtalk-companion/feedback', (session, { isGood }) => void session.bot.sendMessage(session.channelId, isGood ? '有用' : '没用'))
  ctx.middleware((session, next) => {
    const files = h.select(session.elements, 'video,audio,file')
    return files.length ? h.text(files.map(({ type, attrs }) => type + ' ' + (attrs.title ?? '')).join()) : next()
  }, true)
}
`

describe('ordinary plugins of the instance on DingTalk', function() {
  this.timeout(240_000)

  let on: DingtalkInstance
  /** Messages before the spec. */
  let earlier = 0

  async function start(env: Record<string, string> = {}, edit?: (yml: string, dingtalk: Dingtalk) => string) {
    // The plugin's middleware runs before the one that ignores repeated messages.
    const options = { sessionWebhooks: true, redelivery: 60_000, otherApps: { dingother: 'other-secret' } }
    on = await DingtalkInstance.start(env, options, { plugin, edit })
  }

  /** Waits for so many messages. @returns for each: the chat, and the text */
  const messages = async (count: number) => (await on.messages(earlier + count)).slice(earlier)
  const sent = () => on.dingtalk.messages.slice(earlier)

  describe('without cards', () => {
    before(() => start())
    after(() => on.close())
    beforeEach(() => { earlier = on.dingtalk.messages.length })

    it('that only edit messages send the text as one message', async () => {
      await on.dingtalk.say('grow', { userId: 'alice' })
      await on.dingtalk.say('echo 好', { userId: 'bob' })
      assert.deepEqual((await messages(2)).sort(), [['alice', '一'], ['bob', '好']])
      assert.deepEqual(on.dingtalk.cards, [])
    })

    it('send Markdown with a title, and nothing escaped that people would see', async () => {
      await on.dingtalk.say('markup', { userId: 'alice' })
      await messages(1)
      const [{ msgKey, param }] = sent()
      assert.equal(msgKey, 'markdown')
      assert.match(param.title, /^粗体 a_b \*c\* 1/)
      assert.match(param.text, /^\*\*粗体\*\* a_b \\\*c\\\* 1 (?:<|&lt;) 2 {2}\n\[链接\]\(https:\/\/a\.b\/c\)$/)
    })

    it('send pictures and files as what they are', async () => {
      await on.dingtalk.say('files', { userId: 'alice' })
      await messages(3)
      assert.deepEqual(sent().map(({ msgKey }) => msgKey), ['markdown', 'sampleImageMsg', 'sampleFile'])
      assert.deepEqual([...on.dingtalk.uploads.values()].map(({ type }) => type), ['image', 'file'])
      assert.equal(sent()[2].param.fileName, '说明.pdf')
    })

    for (const [name, command, keys, types, param] of [
      ['voice', 'voice', ['markdown', 'sampleAudio'], ['voice'], { duration: '2500' }],
      ['video', 'film', ['markdown', 'sampleVideo', 'markdown'], ['image', 'video'], { duration: '3000', videoType: 'mp4' }],
    ] as const) {
      it(`send ${name} as what it is, in its place among the text`, async () => {
        const uploaded = on.dingtalk.uploads.size
        await on.dingtalk.say(command, { userId: 'alice' })
        await messages(keys.length)
        assert.deepEqual(sent().map(({ msgKey }) => msgKey), keys)
        const uploads = [...on.dingtalk.uploads].slice(uploaded)
        assert.deepEqual(uploads.map(([, { type }]) => type), types)
        const { mediaId, picMediaId, videoMediaId, ...rest } = sent()[1].param
        assert.deepEqual(rest, param)
        assert.deepEqual([picMediaId, videoMediaId ?? mediaId].filter(Boolean), uploads.map(([id]) => id))
      })
    }

    it('get video, files and voice with their names', async () => {
      const downloadCode = on.dingtalk.media(Buffer.from('%PDF-1.4'), 'application/pdf')
      await on.dingtalk.say({ msgtype: 'file', content: { downloadCode, fileName: '说明.pdf' } }, { userId: 'alice' })
      await on.dingtalk.say({ msgtype: 'video', content: { downloadCode, videoType: 'mp4' } }, { userId: 'alice' })
      await on.dingtalk.say({ msgtype: 'audio', content: { downloadCode, recognition: '语音' } }, { userId: 'alice' })
      const all = (await messages(3)).map(([, text]) => text).sort()
      assert.deepEqual(all.map(text => text.split(' ')[0]), ['audio', 'file', 'video'])
      assert.match(all[1], /说明\.pdf/)
      assert.match(all[2], /\.mp4/)
    })

    it('find the quoted message', async () => {
      await on.dingtalk.say('quoted', { userId: 'alice', quote: { msgId: 'm1', body: '周五开会' } })
      assert.deepEqual(await messages(1), [['alice', '周五开会']])
    })

    it('send to groups and people by themselves, by the API', async () => {
      await on.dingtalk.say('notify', { userId: 'alice' })
      assert.deepEqual(await messages(2), [['cidOTHER', '给群'], ['bob', '给人']])
      assert.deepEqual(sent().map(({ msgKey }) => msgKey), ['sampleMarkdown', 'sampleMarkdown'])
    })
  })

  describe('with cards', () => {
    afterEach(() => on.close())
    beforeEach(() => { earlier = 0 })

    it('stream by edits alone, have buttons, and hear of clicks and feedback', async () => {
      await start({ DINGTALK_CARD_TEMPLATE_ID: 'ai.schema', DINGTALK_STREAMING: 'live' })
      await on.dingtalk.say('grow', { conversationId: 'cidGROUP', userId: 'alice' })
      const [{ content, frames, mentions, space }] = await on.cards(1)
      assert.deepEqual([content, space, sent()], ['一二三四', 'IM_GROUP.cidGROUP', []])
      assert.deepEqual(mentions, { alice: 'alice' })
      assert.ok(frames.length >= 2, String(frames.length))

      await on.dingtalk.say('choose', { userId: 'alice', conversationId: 'cidGROUP' })
      const [, made] = await on.cards(2)
      assert.deepEqual(JSON.parse(made.params!.buttons).map(({ text }: { text: string }) => text), ['好', '打开'])
      await on.dingtalk.click(made, { userId: 'bob', actionId: 'button', params: { id: 'yes' } })
      assert.deepEqual(await messages(1), [['cidGROUP', '点了 yes']])
      const delivery = await on.dingtalk.click(made, { userId: 'bob', actionId: 'feedback_up' })
      assert.deepEqual((await messages(3)).map(([, text]) => text).slice(1).sort(), ['有用', '点了 feedback_up'].sort())
      await on.until(() => !!delivery.acknowledgedAt, 'the response')
      assert.equal(delivery.response.response.userPrivateData.cardParamMap.feedback, 'up')
    })

    it('stream by edits alone into the built-in template', async () => {
      await start({ DINGTALK_BUILT_IN_CARD: 'true', DINGTALK_STREAMING: 'live' })
      await on.dingtalk.say('grow', { userId: 'alice' })
      const [{ content, frames, key }] = await on.cards(1)
      assert.deepEqual([content, key, sent()], ['一二三四', 'msgContent', []])
      assert.ok(frames.length >= 2, String(frames.length))
    })

    it('use the template of their app, where two apps run', async () => {
      const other = { clientId: 'dingother', cardTemplateId: 'other.schema', cardVariable: 'answer' }
      const companion = JSON.stringify({ cardTemplateId: 'ai.schema', apps: [other] })
      await start({}, (yml, { apiEndpoint, oldApiEndpoint }) => {
        const api = { api: { endpoint: apiEndpoint }, oldApi: { endpoint: oldApiEndpoint } }
        const adapter = JSON.stringify({ protocol: 'ws', appkey: 'dingother', secret: 'other-secret', ...api })
        const entry = '    ~dingtalk-companion:companion: '
        return yml.replace(`${entry}{}`, `    adapter-dingtalk:other: ${adapter}\n${entry}${companion}`)
      })
      await on.until(() => on.dingtalk.stream.sockets.size === 2, 'two connections')
      await on.dingtalk.say('grow', { userId: 'alice' })
      await on.dingtalk.say('grow', { userId: 'bob', robotCode: 'dingother' })
      const cards = await on.cards(2)
      assert.deepEqual(cards.map(({ app, key, templateId }) => [app, templateId, key]).sort(), [
        ['dingkey', 'ai.schema', 'content'], ['dingother', 'other.schema', 'answer'],
      ])
    })
  })
})
