import memory from '@koishijs/plugin-database-memory'
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createGemini, scenarios } from 'testkit'
import type { Gemini } from 'testkit'
import { createApp, EditingBot, plain } from '../support/app'
import type { AppOptions, TestApp } from '../support/app'
import { settle } from 'common/testing'
import { gate } from '../support/engine'

const png = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

/** Features end to end: from a chat message to the HTTP request and back. */
describe('features of a request, over HTTP', () => {
  let gemini: Gemini
  let test: TestApp
  let files: Server
  let origin: string
  let loaded: string[]

  before(async () => {
    files = createServer(({ url }, response) => {
      loaded.push(url!)
      response.end(url === '/fun.gif' ? 'GIF89a' : png)
    })
    await new Promise<void>(resolve => files.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(files.address() as AddressInfo).port}`
  })

  after(() => {
    files.closeAllConnections()
    files.close()
  })

  beforeEach(async () => {
    loaded = []
    gemini = await createGemini()
  })

  afterEach(async () => {
    test.unload()
    await test.close()
    await gemini.close()
  })

  async function start(config: AppOptions['config'] = {}, options: AppOptions = {}) {
    const mediaHosts = [new URL(origin).host]
    test = await createApp({ real: true, config: { baseUrl: gemini.url, mediaHosts, ...config }, ...options })
  }

  const last = () => gemini.requests.at(-1)!.body
  const say = async (text: string, user = 'alice', channel?: string) => (await test.client(user, channel).receive(text)).join('\n')

  describe('an image', () => {
    const bytes = { inlineData: { mimeType: 'image/png', data: png.toString('base64') } }

    it('is sent with its question and with the next ones, and leaves a placeholder in the history', async () => {
      await start({ fileTurns: 2 })
      await say(`what is <img src="${origin}/a.jpg"/>?`)
      assert.deepEqual(last().contents[0].parts, [{ text: 'what is [image]?' }, bytes])
      for (const question of ['and now?', 'and now?']) {
        await say(question)
        assert.deepEqual(last().contents[0].parts, [{ text: 'what is [image]?' }, bytes])
        assert.deepEqual(last().contents.at(-1).parts, [{ text: 'and now?' }])
      }
      await say('and now?')
      assert.deepEqual(last().contents[0].parts, [{ text: 'what is [image]?' }])
      assert.deepEqual(loaded, ['/a.jpg', '/a.jpg', '/a.jpg'])
    })

    it('is not sent again if that is switched off or the image is gone, without a notice', async () => {
      await start({ fileTurns: 0 })
      await say(`what is <img src="${origin}/a.jpg"/>?`)
      await say('and now?')
      assert.deepEqual(last().contents[0].parts, [{ text: 'what is [image]?' }])
      test.unload()
      await test.close()
      await start()
      let there = true
      test.bot.defineInternalRoute('/once', async () => {
        const body = there ? new Uint8Array(png).buffer : undefined
        there = false
        return { status: body ? 200 : 404, body }
      })
      await say('what is <img src="internal:mock/514/once"/>?')
      assert.deepEqual(last().contents[0].parts, [{ text: 'what is [image]?' }, bytes])
      assert.doesNotMatch(await say('and now?'), /没有看/)
      assert.deepEqual(last().contents[0].parts, [{ text: 'what is [image]?' }])
    })

    it('is sent again only if new files leave room', async () => {
      const small = (name: string) => `data:application/pdf;base64,${Buffer.from(`%PDF-${name}`).toString('base64')}`
      await start({ fileTotal: 1, fileSize: 1 })
      await say(`<file src="${small('1')}"/> old`)
      const half = Buffer.concat([png, Buffer.alloc(1 << 20)]).subarray(0, 1 << 20).toString('base64')
      await say(`<img src="data:image/png;base64,${half}"/> new`)
      assert.equal(last().contents[0].parts.length, 1)
      assert.equal(last().contents[2].parts.length, 2)
      await say('and now?')
      assert.equal(last().contents[0].parts.length, 2)
    })

    it('may come without text, or in a quotation', async () => {
      await start()
      await say(`<img src="${origin}/a"/>`)
      assert.deepEqual(last().contents.at(-1).parts, [{ text: '[image]' }, bytes])
      await say(`<quote id="1"><img src="${origin}/b"/></quote>what is it?`)
      assert.deepEqual(last().contents.at(-1).parts, [{ text: 'Quoted message:\n> [image]\n\nwhat is it?' }, bytes])
    })

    it('is loaded again for gemini.retry', async () => {
      await start()
      await say(`what is <img src="${origin}/a"/>?`)
      await say('gemini.retry')
      assert.deepEqual(last().contents, [{ role: 'user', parts: [{ text: 'what is [image]?' }, bytes] }])
      assert.deepEqual(loaded, ['/a', '/a'])
    })

    it('is loaded from the adapter for internal addresses', async () => {
      await start()
      test.bot.defineInternalRoute('/media/:id', async ({ params }) => {
        return params.id === 'x' ? { status: 200, body: new Uint8Array(png).buffer } : { status: 404 }
      })
      await say('<img src="internal:mock/514/media/x"/> ?')
      assert.deepEqual(last().contents[0].parts[1], bytes)
    })

    it('may be a small video', async () => {
      await start()
      const video = Buffer.from('\0\0\0\x20ftypisom\0\0\x02\0', 'latin1')
      await say(`<video src="data:video/mp4;base64,${video.toString('base64')}"/> what happens?`)
      assert.deepEqual(last().contents[0].parts, [
        { text: '[video] what happens?' }, { inlineData: { mimeType: 'video/mp4', data: video.toString('base64') } },
      ])
      const large = Buffer.concat([video, Buffer.alloc(9 << 20)]).toString('base64')
      const answer = await say(`<video src="data:video/mp4;base64,${large}"/> what happens?`)
      assert.match(answer, /太大，没有看：视频。一个文件最多 8 MB/)
    })

    it('is listed below the answer if it cannot be sent', async () => {
      await start()
      const answer = await say(`<img src="${origin}/fun.gif"/><file src="file:///etc/passwd" title="a.txt"/> what?`)
      assert.match(answer, /what\?。\n\n（格式不支持，没有看：图片。）（没能取到，没有看：a\.txt。）$/)
      assert.equal(last().contents[0].parts.length, 1)
    })

    it('makes no request if it is the whole question and cannot be sent', async () => {
      await start()
      assert.equal(await say(`<img src="${origin}/fun.gif"/>`), '（格式不支持，没有看：图片。）')
      assert.equal(gemini.requests.length, 0)
    })

    it('is not loaded from private networks, or if files are switched off', async () => {
      await start({ mediaHosts: [] })
      assert.match(await say(`<img src="${origin}/a"/>`), /没能取到/)
      test.unload()
      await test.close()
      await start({ fileSize: 0 })
      assert.match(await say(`<img src="${origin}/a"/>`), /没有打开看图片和文件的功能/)
      assert.deepEqual(loaded, [])
    })
  })

  describe('web search', () => {
    const sources = [{ title: 'Koishi', uri: 'https://koishi.chat/' }]

    it('follows the setting, and lists sources below the answer but not in the history', async () => {
      await start({ search: true, urlContext: true, codeExecution: true }, { bot: EditingBot, markdown: true })
      gemini.respond(scenarios.grounded(sources, ['koishi bot'], 'An ', 'answer.'))
      await say('what is koishi?')
      assert.deepEqual(last().tools, [{ googleSearch: {} }, { urlContext: {} }, { codeExecution: {} }])
      const [{ states }] = test.bot.sent
      assert.equal(plain(states.at(-1)![0].children), [
        'An answer.', '来源：\n\n1. [Koishi](https://koishi.chat/)',
        '搜索： [koishi bot](https://www.google.com/search?q=koishi+bot)',
      ].join('\n\n'))
      await say('next')
      assert.deepEqual(last().contents[1].parts, [{ text: 'An answer.' }])
    })

    it('can be switched for one conversation', async () => {
      await start()
      const tools = async (user: string) => {
        await say('hello', user)
        return last().tools
      }
      assert.equal(await tools('alice'), undefined)
      assert.match(await say('gemini.search 开'), /接下来可以联网搜索/)
      assert.deepEqual(await tools('alice'), [{ googleSearch: {} }])
      assert.equal(await tools('bob'), undefined)
      assert.match(await say('联网搜索'), /现在可以联网搜索/)
      assert.match(await say('gemini.search 默认'), /不联网搜索/)
      assert.equal(await tools('alice'), undefined)
      assert.match(await say('gemini.search maybe'), /请写/)
    })
  })

  describe('thoughts', () => {
    it('are requested and shown only with the setting and raw Markdown', async () => {
      for (const [showThoughts, markdown, expected] of [
        [true, true, '<think>\nhm\n</think>\n\nyes'], [false, true, 'yes'], [true, false, 'yes'],
      ] as const) {
        await start({ showThoughts, thinking: 'low', outputTokens: 5000 }, { bot: EditingBot, markdown })
        gemini.respond(scenarios.thinking('hm', 'yes'))
        await say('well?')
        const shown = test.bot.sent.at(-1)!.states.at(-1)!
        assert.equal(plain(markdown ? shown[0].children : shown), expected)
        assert.deepEqual(last().generationConfig, {
          maxOutputTokens: 5000,
          thinkingConfig: { thinkingLevel: 'LOW', ...showThoughts && markdown && { includeThoughts: true } },
        })
        test.unload()
        await test.close()
      }
      await start()
    })
  })

  describe('thoughts before an answer', () => {
    const shown = () => test.bot.sent[0]?.states.map(state => plain(state[0].children)) ?? []

    it('are shown while the model thinks, and stay before the answer', async () => {
      await start({ showThoughts: true }, { bot: EditingBot, markdown: true })
      const more = { text: ', then', thought: true }
      const [seen, understood] = [gate(), gate()]
      gemini.respond(scenarios.thinking('first', seen, more, understood, 'yes'))
      const done = say('well?')
      while (shown().length < 1) await settle()
      seen.open()
      while (shown().length < 2) await settle()
      understood.open()
      await done
      assert.deepEqual(shown(), [
        '<think>\nfirst\n</think>', '<think>\nfirst, then\n</think>', '<think>\nfirst, then\n</think>\n\nyes',
      ])
    })

    it('are dropped with a failed attempt', async () => {
      await start({ showThoughts: true, requestRetries: 1 }, { bot: EditingBot, markdown: true })
      gemini.respond(scenarios.overloadedMidway({ text: 'vain', thought: true }), scenarios.badKey())
      await say('well?')
      assert.match(shown().at(-1)!, /^Gemini 没有接受我的 API 密钥/)
    })
  })

  describe('limits', () => {
    it('refuse with one sentence and make no request', async () => {
      await start({ userRate: 1 })
      await say('one')
      assert.match(await say('two'), /^你每分钟可以发 1 条，请 \d+ 秒后再试。$/)
      assert.match(await say('three', 'bob'), /three/)
      assert.equal(gemini.requests.length, 2)
    })

    it('count the tokens per day that the model reports', async () => {
      await start({ channelTokens: 20 })
      const ask = (user: string) => say('<at id="514"/> hello', user, 'group')
      await ask('alice')
      await ask('bob')
      assert.match(await ask('carol'), /^这个群今天的 20 个 token 已经用完，\d\d-\d\d 00:00 起可以继续。$/)
      assert.match(await say('hello', 'carol'), /hello/)
    })

    it('require authority', async () => {
      await start({ authority: 2 }, { prepare: app => void app.plugin(memory) })
      await test.app.mock.initUser('alice', 2)
      await test.app.mock.initUser('bob', 1)
      assert.match(await say('hello'), /hello/)
      assert.match(await say('hello', 'bob'), /没有和我对话的权限/)
      test.unload()
      await test.close()
      await start({ authority: 1 })
      assert.match(await say('hello'), /没有和我对话的权限/)
    })
  })

  describe('usage', () => {
    it('shows users their own, and administrators that of all users', async () => {
      await start({ requestRetries: 1 }, { prepare: app => void app.plugin(memory) })
      await test.app.mock.initUser('alice', 3)
      await test.app.mock.initUser('bob', 1)
      gemini.respond(scenarios.overloaded(), scenarios.text('abcd'))
      await say('one')
      await say('one', 'bob')
      assert.match(await say('gemini.usage'), /^今天：2 次请求，1 次失败，9 token（输入 8，输出 1）\n最近 30 天：2 次请求/)
      assert.match(await say('用量', 'bob'), /^今天：1 次请求，0 次失败/)
      const all = await say('gemini.usage -a')
      assert.match(all, /^今天：3 次请求[^]*用户 mock:alice：2 次请求[^]*用户 mock:bob：1 次请求/)
      assert.doesNotMatch(await say('gemini.usage -a', 'bob'), /alice/)
    })

    it('has lines that other plugins add', async () => {
      await start()
      test.app.on('gemini/usage', (session, lines) => void lines.push(`平台：${session.userId} 用了 3 次`))
      assert.match(await say('gemini.usage'), /\n平台：alice 用了 3 次$/)
    })
  })
})
