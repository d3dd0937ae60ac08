import assert from 'node:assert/strict'
import memory from '@koishijs/plugin-database-memory'
import type { Context } from 'koishi'
import { createApp } from '../support/app'
import type { TestApp } from '../support/app'
import { settle } from 'common/testing'
import { fails, says } from '../support/engine'

const address = '<at id="514"/> '

describe('preferences', () => {
  let test: TestApp

  const start = async (config: object = {}, prepare?: (app: Context) => void) => {
    test = await createApp({
      prepare,
      config: {
        model: 'm-1', fallbackModels: ['m-2'], instructions: 'Be kind.',
        scopeAuthority: 0,
        presets: { 译者: 'Translate for {user} on {platform}.', poet: 'Rhyme.' }, ...config,
      },
    })
  }

  const last = () => test.engine.requests.at(-1)!
  const client = () => test.client('alice')

  beforeEach(() => start())

  afterEach(() => test.close())

  describe('gemini.model', () => {
    it('changes the conversation of the user', async () => {
      await client().shouldReply('gemini.model', /^现在用的是 m-1。可以选：\n1\. m-1\n2\. m-2\n发送「模型 编号」/)
      await client().shouldReply('gemini.model m-2', '这段对话接下来使用 m-2。')
      await client().shouldReply('模型', /^现在用的是 m-2。可以选：\n1\. m-1\n2\. m-2\n/)
      await client().receive('one')
      assert.equal(last().model, 'm-2')
      await test.client('bob').receive('one')
      assert.equal(last().model, 'm-1')
    })

    it('resets with default', async () => {
      await client().receive('模型 m-2')
      await client().shouldReply('模型 默认', '这段对话接下来使用 m-1。')
      await client().receive('one')
      assert.equal(last().model, 'm-1')
    })

    it('takes a number of the list', async () => {
      await client().shouldReply('模型 2', '这段对话接下来使用 m-2。')
      await client().shouldReply('gemini model 1', '这段对话接下来使用 m-1。')
      await client().shouldReply('gemini.model 3', /^没有 3 这个模型/)
    })

    describe('with models that are not in the settings', () => {
      const info = (name: string, isChatModel = true) => ({ name, isChatModel })
      const list = [
        info('m-2'), info('m-9'), info('m-9-tts', false), info('text-embedding-9', false),
      ]

      it('requires authority', async () => {
        await test.close()
        await start({ modelAuthority: 3 }, app => void app.plugin(memory as never))
        while (!test.app.get('database')) await settle()
        test.engine.models = async () => list
        await test.app.mock.initUser('low', 2)
        await test.app.mock.initUser('high', 3)
        await test.client('low').shouldReply('gemini.model', /2\. m-2\n发送/)
        await test.client('low').shouldReply('gemini.model m-9', /^没有 m-9 这个模型/)
        await test.client('high').shouldReply('gemini.model', /：\n1\. m-1（现在用不了）\n2\. m-2\n3\. m-9\n发送/)
        await test.client('high').shouldReply('gemini.model m-9-tts', /^没有 m-9-tts 这个模型/)
        await test.client('high').shouldReply('gemini.model models/m-9', '这段对话接下来使用 m-9。')
        await test.client('high').receive('one')
        assert.equal(last().model, 'm-9')
      })

      it('is open to all users with authority 0', async () => {
        await test.close()
        await start({ modelAuthority: 0 })
        test.engine.models = async () => list
        await client().shouldReply('模型 3', '这段对话接下来使用 m-9。')
      })

      it('limits the history to what the model takes', async () => {
        await test.close()
        await start({ modelAuthority: 0 })
        test.engine.models = async () => [{ ...info('m-9'), inputTokenLimit: 100 }]
        for (const question of ['a'.repeat(400), 'b']) await client().receive(question)
        assert.equal(last().contents.length, 3)
        await client().receive('模型 m-9')
        await client().receive('c')
        assert.deepEqual(last().contents.map(({ parts }) => parts[0].text), ['b', 'echo: b', 'c'])
      })

      it('accepts any name without a model list', async () => {
        await test.close()
        await start({ modelAuthority: 0 })
        test.engine.models = () => Promise.reject(new Error('no list'))
        await client().shouldReply('gemini.model m-7', '这段对话接下来使用 m-7。')
      })
    })

    it('announces once that another model answers', async () => {
      const gone = (request: { model: string }) => request.model === 'm-1' ? fails('model') : says(`from ${request.model}`)
      test.engine.respond(gone)
      await client().shouldReply('one', 'from m-2\n\n（m-1 现在用不了，这里改由 m-2 回答。）')
      await client().shouldReply('two', 'from m-2')
      await test.client('bob').shouldReply('one', 'from m-2\n\n（m-1 现在用不了，这里改由 m-2 回答。）')
      await client().shouldReply('模型', /1\. m-1（现在用不了）\n2\. m-2\n/)
      await client().receive('模型 m-2')
      await client().shouldReply('three', 'from m-2')
      assert.deepEqual(last().contents.at(-2)!.parts, [{ text: 'from m-2' }])
    })

    it('accepts models of the settings only', async () => {
      await client().shouldReply('gemini model m-3', '没有 m-3 这个模型。可以选：\n1. m-1\n2. m-2')
      await client().receive('one')
      assert.equal(last().model, 'm-1')
    })
  })

  describe('gemini.preset', () => {
    it('changes the conversation of the user', async () => {
      await client().shouldReply('预设', /^现在没有使用预设。可以选：\n1\. 译者\n2\. poet\n/)
      await client().shouldReply('gemini.preset 译者', '这段对话接下来使用预设「译者」。')
      await client().shouldReply('gemini preset', /^现在的预设是「译者」。可以选：\n1\. 译者\n2\. poet\n/)
      await client().receive('one')
      assert.equal(last().system, 'Translate for alice on mock.')
      await test.client('alice', 'group').receive(`${address}one`)
      assert.equal(last().system, 'Be kind.')
    })

    it('resets with default', async () => {
      await client().receive('预设 poet')
      await client().shouldReply('gemini.preset default', '这段对话不再使用预设。')
      await client().receive('one')
      assert.equal(last().system, 'Be kind.')
    })

    it('accepts existing presets only', async () => {
      await client().shouldReply('预设 constructor', '没有「constructor」这个预设。可以选：\n1. 译者\n2. poet')
      await test.close()
      await start({ presets: {} })
      await client().shouldReply('预设 poet', '设置里还没有预设。')
    })

    it('falls back to the instructions if the preset is removed', async () => {
      await test.close()
      await start({ presets: { constructor: '' } })
      await client().receive('预设 constructor')
      await client().receive('one')
      assert.equal(last().system, 'Be kind.')
    })
  })

  describe('gemini.scope', () => {
    const group = (user: string) => test.client(user, 'group')
    const texts = () => last().contents.map(({ parts }) => parts[0].text)

    it('changes the group', async () => {
      await group('alice').shouldReply('gemini.scope', /^这里现在是每人一段。/)
      await group('alice').receive(`${address}secret`)
      await group('alice').shouldReply('gemini.scope channel', '好的，这里从现在起全群共用。')
      await group('bob').receive(`${address}one`)
      assert.deepEqual(texts(), ['[bob]\none'])
      assert.match(last().system!, /^Be kind\.\n\nSeveral people take part/)
      await group('alice').receive(`${address}two`)
      assert.deepEqual(texts(), ['[bob]\none', 'echo: [bob]\none', '[alice]\ntwo'])
      await test.client('carol', 'other').receive(`${address}three`)
      assert.deepEqual(texts(), ['three'])
    })

    it('restores earlier conversations when it is reset', async () => {
      await group('alice').receive(`${address}one`)
      await group('alice').receive('gemini.scope channel')
      await group('bob').receive(`${address}two`)
      await group('bob').shouldReply('gemini scope 默认', '好的，这里从现在起每人一段。')
      await group('alice').receive(`${address}three`)
      assert.deepEqual(texts(), ['one', 'echo: one', 'three'])
    })

    it('can be shared across groups, but not with a direct chat', async () => {
      await test.close()
      await start({ scope: 'user' })
      await group('alice').receive(`${address}one`)
      await test.client('alice', 'other').receive(`${address}two`)
      assert.deepEqual(texts(), ['one', 'echo: one', 'two'])
      await client().receive('three')
      assert.deepEqual(texts(), ['three'])
      await group('bob').receive(`${address}four`)
      assert.deepEqual(texts(), ['four'])
    })

    it('accepts Chinese names, and refuses unknown ones', async () => {
      await group('alice').shouldReply('gemini.scope 各群相通', '好的，这里从现在起每人一段，各群相通。')
      await group('alice').shouldReply(`${address}对话范围 全群共用`, '好的，这里从现在起全群共用。')
      await group('alice').shouldReply('gemini.scope everybody', /没有「everybody」这种分法/)
    })

    it('refuses direct chats', async () => {
      await client().shouldReply('gemini.scope channel', '私聊总是单独的一段对话。')
    })

    it('requires authority, which users have only with a database', async () => {
      await test.close()
      await start({ scopeAuthority: 1 })
      await group('alice').shouldReply('gemini.scope channel', /需要更高的权限/)
      await test.close()
      await start({ scopeAuthority: 3 }, app => void app.plugin(memory as never))
      while (!test.app.get('database')) await settle()
      await test.app.mock.initUser('low', 2)
      await test.app.mock.initUser('high', 3)
      await test.app.mock.initChannel('group')
      await group('low').shouldReply('gemini.scope', /^这里现在是每人一段。/)
      await group('low').shouldReply('gemini.scope channel', /需要更高的权限/)
      await group('low').shouldReply(`${address}对话范围 channel`, /需要更高的权限/)
      await group('high').shouldReply('gemini.scope channel', '好的，这里从现在起全群共用。')
      const [row] = await test.app.database.get('gemini_choice', {})
      assert.deepEqual(row.choices, { scope: 'channel' })
    })
  })

  it('are kept or reset by gemini.reset', async () => {
    await client().receive('模型 m-2')
    await client().receive('预设 poet')
    await client().shouldReply('新对话', '之前的对话已经清空，我们重新开始吧。')
    await client().receive('one')
    assert.deepEqual([last().model, last().system], ['m-2', 'Rhyme.'])
    await client().shouldReply('gemini.reset -a', '之前的对话和选择都已经清空，我们重新开始吧。')
    await client().receive('one')
    assert.deepEqual([last().model, last().system], ['m-1', 'Be kind.'])
  })

  it('report a failing database', async () => {
    await test.close()
    await start({}, app => void app.plugin(memory as never))
    while (!test.app.get('database')) await settle()
    const { upsert } = test.app.database
    test.app.database.upsert = () => Promise.reject(new Error('disk full'))
    try {
      await client().shouldReply('gemini.model m-2', '选择暂时存不下来，请稍后再试。')
      assert.deepEqual(test.warnings, ['could not store a preference: disk full'])
    } finally {
      test.app.database.upsert = upsert
    }
  })

  it('have short names in messages to the bot only', async () => {
    test.engine.respond(says('an answer'))
    const client = test.client('alice', 'group')
    await client.shouldNotReply('停止')
    await client.shouldNotReply('新对话')
    await client.shouldNotReply('预设 poet')
    await client.shouldReply(`${address}停止`, '现在没有正在生成的回答。')
    await client.shouldReply('小G，预设 poet', '这段对话接下来使用预设「poet」。')
    await client.shouldReply(`${address}停止一下`, 'an answer')
    test.app.middleware(session => session.content === '停止' ? 'another plugin' : undefined)
    await client.shouldReply('停止', 'another plugin')
  })
})
