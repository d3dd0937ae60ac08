import assert from 'node:assert/strict'
import type { Session } from 'koishi'
import { dingtalkErrors } from 'testkit'
import { Rig } from '../support/rig'
import type { Options } from '../support/rig'

type Body = Parameters<Rig['platform']['say']>[0]
type Origin = Parameters<Rig['platform']['say']>[1]

describe('messages to the bot', () => {
  let rig: Rig
  let sessions: Session[]

  async function start(options: Options = {}) {
    rig = await (await Rig.start(options)).online()
    sessions = []
    rig.app.on('message', session => void sessions.push(session))
  }

  async function restart(options: Options) {
    await rig.close()
    await start(options)
  }

  beforeEach(() => start())
  afterEach(() => rig.close())

  async function say(body: Body, origin: Origin = {}): Promise<Session> {
    const count = sessions.length
    await rig.platform.say(body, origin)
    await rig.until(() => sessions.length > count)
    return sessions.at(-1)!
  }

  const code = (text = '字') => rig.platform.media(Buffer.from(text), 'application/octet-stream')
  const file = (session: Session, type: string) => session.elements!.find(element => element.type === type)?.attrs
  const words = (session: Session) => session.elements!.filter(({ type }) => type === 'text').map(({ attrs }) => attrs.content)

  describe('from HarmonyOS and other clients, with the mention in the text', () => {
    for (const [name, texts, expected] of [
      ['as a piece of its own', ['@小G', '/停止'], ['/停止']],
      ['as a piece of its own, with blanks', ['@小G ', ' /停止 '], ['/停止']],
      ['behind blanks', ['\n', '@小G', '/停止'], ['/停止']],
      ['before a blank', ['@小G 你好 @小明'], ['你好 @小明']],
      ['before a command', ['@小G/停止'], ['/停止']],
      ['alone, which may be more than a name', ['@小G你好'], ['@小G你好']],
      ['before several pieces', ['@小G', '你好', '世界'], ['你好世界']],
      ['not at all', ['你好', ' 世界'], ['你好 世界']],
      ['with an address in the text', ['问 a@b.cn'], ['问 a@b.cn']],
    ] as const) {
      it(name, async () => {
        const richText = texts.map(text => ({ text }))
        const session = await say({ msgtype: 'richText', content: { richText } }, { conversationId: 'cidGROUP' })
        assert.deepEqual([session.stripped.atSelf, words(session)], [true, expected])
      })
    }

    it('with a name that contains blanks, where it is known', async () => {
      rig.bot.user!.name = '小 G'
      const richText = [{ text: '@小 G/停止' }]
      const session = await say({ msgtype: 'richText', content: { richText } }, { conversationId: 'cidGROUP' })
      assert.deepEqual(words(session), ['/停止'])
    })

    it('not in direct chats, where there is no mention', async () => {
      assert.deepEqual(words(await say({ msgtype: 'richText', content: { richText: [{ text: '@小明 在吗' }] } })), ['@小明 在吗'])
    })
  })

  it('come from people without a staff id', async () => {
    const direct = await say('在吗', { isExternal: true, userId: 'eve' })
    assert.deepEqual([direct.userId, direct.channelId, direct.username], ['$:LWCP_v1:$eve', '$:LWCP_v1:$eve', 'eve'])
    const group = await say('在吗', { isExternal: true, userId: 'eve', conversationId: 'cidGROUP' })
    assert.deepEqual([group.userId, group.channelId, group.stripped.atSelf], ['$:LWCP_v1:$eve', 'cidGROUP', true])
  })

  for (const atUsers of ['all', null, [null, 'bob'], {}, 7]) {
    it(`keep their text beside mentions of another form: ${JSON.stringify(atUsers)}`, async () => {
      await say('先来一条', { conversationId: 'cidGROUP' })
      const { data } = rig.platform.stream.deliveries[0]
      await rig.platform.stream.push({ ...data, msgId: 'odd', text: { content: '在吗' }, atUsers })
      await rig.until(() => sessions.length === 2)
      assert.match(sessions[1].content!, /在吗$/)
    })
  }

  it('mention other people beside the bot', async () => {
    const session = await say('一起看', { conversationId: 'cidGROUP', mentions: ['bob', 'carol'] })
    assert.equal(session.content, '<at id="dingkey"/><at id="bob"/><at id="carol"/>一起看')
    assert.equal(session.stripped.content, '一起看')
  })

  it('that are spoken are text, with the recording', async () => {
    const session = await say({ msgtype: 'audio', content: { downloadCode: code(), recognition: ' 今天星期几 ' } })
    assert.deepEqual(words(session), ['今天星期几'])
    assert.match(file(session, 'audio')!.src, /\/files\//)
    const silent = await say({ msgtype: 'audio', content: { downloadCode: code() } })
    assert.deepEqual([words(silent), !!file(silent, 'audio')], [[], true])
  })

  it('bring videos and files with their names', async () => {
    const report = await say({ msgtype: 'file', content: { downloadCode: code(), fileName: '报告.pdf' } })
    assert.equal(file(report, 'file')!.title, '报告.pdf')
    const video = await say({ msgtype: 'video', content: { downloadCode: code(), videoType: 'mp4' } })
    assert.equal(file(video, 'video')!.title, 'video.mp4')
  })

  describe('that reply to another one', () => {
    const quoteOf = ({ quote, selfId }: Session) => [quote?.user?.id === selfId, quote?.id, quote?.content]

    it('quote texts, of other people and in replies that are no texts themselves', async () => {
      const session = await say('同意', { quote: { msgId: 'm1', body: '周五开会' } })
      assert.deepEqual([session.content, quoteOf(session)], ['同意', [false, 'm1', '周五开会']])
      const rich = await say({ msgtype: 'richText', content: { richText: [{ text: '看' }] } }, { quote: { msgId: 'm2', body: '上文' } })
      assert.deepEqual(quoteOf(rich), [false, 'm2', '上文'])
    })

    it('quote pictures, rich texts, voice and named files', async () => {
      const picture = await say('什么', { quote: { msgId: 'm', body: { msgtype: 'picture', content: { downloadCode: code() } } } })
      assert.match(picture.quote!.content!, /^<img src="[^"]+\/files\//)
      const richText = [{ text: '图' }, { type: 'picture' as const, downloadCode: code() }]
      const rich = await say('什么', { quote: { msgId: 'm', body: { msgtype: 'richText', content: { richText } } } })
      assert.match(rich.quote!.content!, /^图<img src=/)
      const audio = { msgtype: 'audio' as const, content: { downloadCode: code(), recognition: '说过的话' } }
      assert.match((await say('什么', { quote: { msgId: 'm', body: audio } })).quote!.content!, /^说过的话<audio /)
      const named = { msgtype: 'file' as const, content: { fileName: '合同.docx' } } as never
      assert.equal((await say('什么', { quote: { msgId: 'm', body: named } })).quote!.content, '[合同.docx]')
    })

    it('quote files that DingTalk does not name, if they came before', async () => {
      await say({ msgtype: 'file', content: { downloadCode: code(), fileName: '合同.docx' } }, { msgId: 'm9' })
      const unknown = { msgtype: 'unknownMsgType' as const, content: {} }
      const session = await say('总结', { quote: { msgId: 'm9', body: unknown } })
      assert.match(session.quote!.content!, /^<file src="[^"]+\/files\/[^"]+" title="合同\.docx"\/>$/)
    })

    it('quote what the bot said, by its key, or by the time it was sent', async () => {
      await restart({ config: { cardTemplateId: undefined } })
      await rig.bot.sendMessage('alice', '答案')
      const unknown = { msgtype: 'interactiveCard' as const, content: {} }
      const own = { msgId: 'm', senderId: '$:LWCP_v1:$bot', body: unknown }
      const byKey = await say('为什么', { userId: 'alice', quote: { ...own, processQueryKey: 'query-1' } })
      assert.deepEqual(quoteOf(byKey), [true, 'm', '答案'])
      const { time } = { time: rig.clock.now() }
      await rig.platform.stream.push({
        ...rig.platform.stream.deliveries[0].data, msgId: 'm2',
        text: { content: '为什么', isReplyMsg: true, repliedMsg: { msgId: 'm', msgType: 'interactiveCard', senderId: '$:LWCP_v1:$bot', createdAt: time + 800 } },
      })
      await rig.until(() => sessions.at(-1)!.messageId === 'm2')
      assert.deepEqual(quoteOf(sessions.at(-1)!), [true, 'm', '答案'])
      const elsewhere = await say('为什么', { userId: 'bob', quote: { ...own, processQueryKey: 'query-unknown' } })
      assert.deepEqual(quoteOf(elsewhere), [true, 'm', ''])
    })
  })

  describe('whose files cannot be downloaded', () => {
    const refuse = (failure: Parameters<Rig['platform']['fail']>[1]) => rig.platform.fail('download', failure, 8)

    for (const [name, failure] of [
      ['refused', dingtalkErrors.invalid('downloadCode', 'downloadCode is invalid')],
      ['reset', 'reset'], ['hanging', 'hang'], ['banned', 'ban'],
    ] as const) {
      it(`keep their text, and the person hears of it: ${name}`, async () => {
        await restart({ config: { cardTemplateId: undefined } })
        refuse(failure)
        const richText = [{ text: '看看' }, { type: 'picture' as const, downloadCode: code() }]
        void rig.platform.say({ msgtype: 'richText', content: { richText } })
        await rig.until(() => sessions.length === 1 && rig.texts.length === 1, 500)
        assert.deepEqual([sessions[0].content, rig.texts], ['看看', ['缺少 1 个']])
      })

      it(`are not passed over in silence when nothing else is in them: ${name}`, async () => {
        await restart({ config: { cardTemplateId: undefined } })
        refuse(failure)
        void rig.platform.say({ msgtype: 'picture', content: { downloadCode: code() } })
        await rig.until(() => rig.texts.length === 1, 500)
        assert.deepEqual([sessions.length, rig.texts], [0, ['没有收到']])
      })
    }
  })

  describe('that cannot be read', () => {
    for (const [name, change] of [
      ['rich text without items', { msgtype: 'richText', content: { richText: null }, text: undefined }],
      ['rich text of something else', { msgtype: 'richText', content: { richText: [null, 1] } }],
      ['a picture without content', { msgtype: 'picture', content: null, text: undefined }],
      ['mentions of something else', { atUsers: 'all' }],
      ['a quote of nothing', { text: { content: '你好', isReplyMsg: true, repliedMsg: { content: '[' } } }],
      ['an unknown type', { msgtype: 'hologram', text: undefined }],
    ] as const) {
      it(`become a session, or the person hears of it; then they are acknowledged: ${name}`, async () => {
        await say('先来一条')
        const { data } = rig.platform.stream.deliveries[0]
        const delivery = await rig.platform.stream.push({ ...data, msgId: 'odd', ...change })
        await rig.until(() => delivery.acknowledgedAt !== undefined, 100)
        assert.equal(sessions.length + rig.texts.length, 2)
      })
    }

    it('come again when the person could not be told either', async () => {
      await rig.close()
      await restart({ config: { cardTemplateId: undefined }, platform: { redelivery: 2000 } })
      await say('先来一条')
      const { data } = rig.platform.stream.deliveries[0]
      rig.platform.fail('batchSend', dingtalkErrors.invalid('userIds', 'no such user'), 1)
      const odd = { msgId: 'odd', msgtype: 'richText', content: { richText: 7 } }
      const delivery = await rig.platform.stream.push({ ...data, ...odd })
      await rig.until(() => delivery.acknowledgedAt !== undefined, 0)
      assert.deepEqual([delivery.sentAt.length, rig.texts], [2, ['读不了']])
    })
  })
})
