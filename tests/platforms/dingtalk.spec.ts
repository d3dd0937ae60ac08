import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until as eventually } from 'common/testing'
import type {
  Card, Dingtalk, Gemini, Scenario } from 'testkit'
import { WecomClient, createDingtalk, createGemini, freePort, dingtalkErrors, scenarios,
} from 'testkit'
import { Instance, root } from '../support/instance'

const wecom = { WECOM_BOT_TOKEN: 'conversationToken', WECOM_BOT_ENCODING_AES_KEY: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8' }
const card = { DINGTALK_CARD_TEMPLATE_ID: 'ai.schema' }

describe('the instance on DingTalk', function() {
  this.timeout(240_000)

  let gemini: Gemini
  let dingtalk: Dingtalk
  let instance: Instance | undefined

  beforeEach(async () => {
    gemini = await createGemini()
    gemini.respond(({ question }) => scenarios.text('收到：', question))
    dingtalk = await createDingtalk({ redelivery: 5000 })
  })

  afterEach(async () => {
    await instance?.close()
    instance = undefined
    await dingtalk.close()
    await gemini.close()
  })

  /** How long the latest start took, in milliseconds: a measure of how busy the machine is. */
  let startMs = 1000

  async function start(env: Record<string, string> = {}, after?: Instance, edit = (yml: string) => yml) {
    const begun = performance.now()
    const credentials = { DINGTALK_CLIENT_ID: dingtalk.appKey, DINGTALK_CLIENT_SECRET: dingtalk.appSecret }
    const { apiEndpoint, oldApiEndpoint } = dingtalk
    const endpoints = { DINGTALK_API_ENDPOINT: apiEndpoint, DINGTALK_OLD_API_ENDPOINT: oldApiEndpoint }
    const key = { GEMINI_API_KEY: 'spec-key', GEMINI_BASE_URL: gemini.url }
    const all = { PLATFORM: 'dingtalk', DINGTALK_BUILT_IN_CARD: 'false', ...credentials, ...endpoints, ...key, ...env }
    // The test platform serves files on this machine, which must be allowed by name.
    const yml = await readFile(join(root, 'koishi.yml'), 'utf8')
    const files = { 'koishi.yml': edit(yml.replace(/(\n +)(?=proxy: )/, '$1mediaHosts: [127.0.0.1]$1')) }
    instance = await Instance.start({ env: all, after, files })
    await instance.ready()
    startMs = performance.now() - begun
    return instance
  }

  const until = (isMet: () => boolean, what: string) => eventually(isMet, () => `${what}\n${instance?.output}`)

  /** Waits for so many messages. */
  async function messages(count: number) {
    await until(() => dingtalk.messages.length >= count, `${count} messages`)
    return dingtalk.messages.map(({ param, userIds, conversationId }) => [userIds?.[0] ?? conversationId, param.text])
  }

  async function cards(count: number, state: Card['state'] = 'finished') {
    await until(() => dingtalk.cards.filter(card => card.state === state).length >= count, `${count} cards ${state}`)
    return dingtalk.cards
  }

  /** Billed calls, without those of the login. Which messages get a reaction depends on how busy the machine is. */
  const billed = () => dingtalk.calls.filter(({ api, billed }) => billed && !/apps|react/i.test(api)).length

  /** The last question to Gemini. */
  const asked = () => gemini.requests.at(-1)!.question

  /** Makes Gemini stop in the middle of its answer. @returns lets it go on */
  function holdAnswer(before: string, after: string) {
    let release = () => {}
    const gate = new Promise<void>((resolve) => { release = resolve })
    gemini.respond(scenarios.text(before, gate, after))
    return release
  }

  it('answers in direct chats and in groups, with raw Markdown', async () => {
    await start()
    await dingtalk.say('你好', { userId: 'alice' })
    assert.deepEqual(await messages(1), [['alice', '收到：你好']])
    await dingtalk.say('# 在吗', { userId: 'bob', conversationId: 'cidGROUP' })
    assert.deepEqual((await messages(2))[1], ['cidGROUP', '收到：# 在吗'])
    assert.equal(asked(), '# 在吗')
    assert.equal(billed(), 2)
    // A command, behind the space that follows the mention.
    await dingtalk.say('echo hello', { conversationId: 'cidGROUP' })
    assert.deepEqual((await messages(3))[2], ['cidGROUP', 'hello'])
    assert.equal(gemini.requests.filter(({ action }) => action === 'streamGenerateContent').length, 2)
    assert.doesNotMatch(instance!.output, /\[E\]|TypeError|ding-secret|spec-key/)
  })

  it('passes pictures and files to Gemini', async () => {
    await start()
    const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
    const picture = dingtalk.media(png, 'image/png')
    /** The types of the files that Gemini got. */
    const seen = () => {
      const { parts }: { parts: { inlineData?: { mimeType: string } }[] } = gemini.requests.at(-1)!.body.contents.at(-1)
      return parts.flatMap(({ inlineData }) => inlineData?.mimeType ?? [])
    }
    const file = dingtalk.media(Buffer.from('%PDF-1.4'), 'application/pdf')
    await dingtalk.say({ msgtype: 'richText', content: { richText: [{ text: '看看' }, { type: 'picture', downloadCode: picture }] } })
    await messages(1)
    assert.match(asked(), /看看/)
    assert.deepEqual(seen(), ['image/png'])
    await dingtalk.say({ msgtype: 'picture', content: { downloadCode: picture } })
    await messages(2)
    assert.deepEqual(seen(), ['image/png'])
    await dingtalk.say({ msgtype: 'file', content: { downloadCode: file, fileName: '说明.pdf' } })
    await messages(3)
    assert.deepEqual(seen(), ['application/pdf'])
    assert.doesNotMatch(instance!.output, /\[E\]|TypeError/)
  })

  it('acknowledges messages, and answers repeated ones once', async () => {
    await start()
    const place = { userId: 'alice', msgId: 'msg-1' }
    const delivery = await dingtalk.say('你好', place)
    await messages(1)
    await until(() => !!delivery.acknowledgedAt, 'the acknowledgement')
    assert.equal(delivery.sentAt.length, 1)
    await dingtalk.say('你好', place)
    await dingtalk.say('echo 一次', { userId: 'alice', msgId: 'msg-2' })
    await dingtalk.say('echo 一次', { userId: 'alice', msgId: 'msg-2' })
    await messages(2)

    instance!.process.kill('SIGTERM')
    await instance!.exited
    await start({}, instance)
    await dingtalk.say('你好', place)
    await dingtalk.say('新的', { userId: 'alice' })
    await messages(3)
    assert.deepEqual(dingtalk.messages.map(({ param }) => param.text), ['收到：你好', '一次', '收到：新的'])
  })

  it('streams into a card, and closes it when the instance stops', async () => {
    await start(card)
    const release = holdAnswer('说到', '一半')
    await dingtalk.say('说吧', { conversationId: 'cidGROUP' })
    const [open] = await cards(1, 'typing')
    assert.deepEqual([open.space, open.key, open.content], ['IM_GROUP.cidGROUP', 'content', '说到'])
    instance!.process.kill('SIGTERM')
    assert.equal(await instance!.exited, 0)
    release()
    assert.equal(open.state, 'finished')
    assert.match(open.content, /^说到\n\n（回答在这里中断了/)
    assert.deepEqual(dingtalk.messages, [])
  })

  it('closes the cards of a killed process when it starts again', async () => {
    await start(card)
    const release = holdAnswer('说到', '一半')
    await dingtalk.say('说吧', { userId: 'alice', msgId: 'killed' })
    const [open] = await cards(1, 'typing')
    process.kill(await instance!.workerPid(), 'SIGKILL')
    // The launcher would start another worker.
    instance!.process.kill('SIGKILL')
    await instance!.exited
    release()
    assert.equal(open.state, 'typing')
    await start(card, instance)
    await cards(1)
    assert.match(open.content, /^说到\n\n（回答在这里中断了/)
    await dingtalk.say('说吧', { userId: 'alice', msgId: 'killed' })
    gemini.respond(scenarios.text('在'))
    await dingtalk.say('在吗', { userId: 'alice' })
    await cards(2)
    assert.equal(dingtalk.cards.length, 2)
  })

  it('closes a card as failed when the answer breaks off', async () => {
    gemini.respond(scenarios.dropped('说到一半'))
    await start(card)
    await dingtalk.say('说吧')
    const [failed] = await cards(1, 'failed')
    assert.match(failed.content, /^说到一半\n\n（回答在这里中断了/)
  })

  const long = (): Scenario => ({ ...scenarios.text(...Array<string>(60).fill('字')), gap: 60 })
  for (const [mode, env, check] of [
    ['without a card template', {}, (calls: number) => calls === 1],
    ['in economy mode', card, (calls: number) => calls >= 4 && calls <= 6],
    ['in live mode', { ...card, DINGTALK_STREAMING: 'live' }, (calls: number) => calls >= 4 && calls <= 7],
    ['with streaming off', { ...card, DINGTALK_STREAMING: 'off' }, (calls: number) => calls === 1],
  ] as const) {
    it(`spends the expected number of calls ${mode}`, async () => {
      gemini.respond(long())
      await start(env)
      await dingtalk.say('说吧')
      await until(() => dingtalk.messages.length + dingtalk.cards.filter(({ state }) => state === 'finished').length > 0, 'an answer')
      assert.ok(check(billed()), String(billed()))
      const text = dingtalk.cards[0]?.content ?? dingtalk.messages[0].param.text
      assert.equal(text, '字'.repeat(60))
    })
  }

  for (const [name, break_, expected] of [
    ['a missing permission', () => dingtalk.meter.missing.add('Card.Instance.Write'), /Card\.Instance\.Write is missing/],
    ['a used up month', () => dingtalk.fail('createAndDeliver', dingtalkErrors.countLimit()), /ApiCountLimitForOrg/],
    ['a ban', () => dingtalk.fail('createAndDeliver', 'ban'), /a page instead of data/],
  ] as const) {
    it(`answers in a message after ${name}, and logs it once`, async () => {
      await start(card)
      break_()
      await dingtalk.say('一')
      await messages(1)
      await dingtalk.say('二')
      assert.deepEqual((await messages(2)).map(([, text]) => text), ['收到：一', '收到：二'])
      assert.equal(instance!.output.match(new RegExp(expected, 'g'))?.length, 1)
    })
  }

  it('survives an expired token, too many calls, and a card that is too small', async () => {
    await start(card)
    dingtalk.expireTokens()
    dingtalk.fail('createAndDeliver', dingtalkErrors.qpsLimit())
    dingtalk.fail('streaming', dingtalkErrors.qpsLimit())
    await dingtalk.say('一')
    assert.equal((await cards(1))[0].content, '收到：一')
    dingtalk.fail('streaming', dingtalkErrors.invalid('stream.content', 'content is too large'))
    gemini.respond(scenarios.text('字'.repeat(5000)))
    await dingtalk.say('二')
    await messages(1)
    assert.equal(dingtalk.cards[1].state, 'finished')
    assert.equal(dingtalk.cards[1].content + dingtalk.messages[0].param.text, '字'.repeat(5000))
  })

  it('lists the calls of the month in gemini.usage', async () => {
    // Each reaction takes two, and it depends on the machine whether the command gets one as well.
    const settings = '~dingtalk-companion:companion: { reaction: false }'
    await start({}, undefined, yml => yml.replace('~dingtalk-companion:companion: {}', settings))
    await dingtalk.say('你好')
    await messages(1)
    await dingtalk.say('gemini.usage')
    const [, [, text]] = await messages(2)
    assert.match(text.replace(/[\u200b\\]/g, ''), /钉钉应用 dingkey 在 \d{4}-\d\d 调用了 1 次 API，每月可用 5000 次/)
  })

  it('reconnects when DingTalk announces the end of the connection', async () => {
    await start()
    await dingtalk.stream.connected()
    dingtalk.stream.disconnect()
    await dingtalk.say('还在吗')
    await messages(1)
  })

  it('answers in HTTP mode as well', async () => {
    await start({ DINGTALK_PROTOCOL: 'http' })
    await until(() => dingtalk.calls.some(({ api }) => api === 'oldApps'), 'the login')
    for (let tries = 0; tries < 50 && !dingtalk.messages.length; tries++) {
      await dingtalk.post(`http://127.0.0.1:${instance!.port}/dingtalk`, '你好', { userId: 'alice', msgId: 'http' })
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    assert.deepEqual(await messages(1), [['alice', '收到：你好']])
  })

  describe('beside WeCom', () => {
    const client = () => new WecomClient({
      url: `http://127.0.0.1:${instance!.port}/api/wecom/callback`, token: wecom.WECOM_BOT_TOKEN,
      encodingAESKey: wecom.WECOM_BOT_ENCODING_AES_KEY, userId: 'alice', pollInterval: 30,
    })

    async function ask(content: string) {
      let text = ''
      for await (const frame of client().ask(content)) text = frame.content
      return text
    }

    it('answers on both, and keeps their conversations apart', async () => {
      await start({ PLATFORM: 'both', ...wecom })
      await dingtalk.say('钉钉的秘密', { userId: 'alice' })
      await messages(1)
      assert.equal(await ask('企业微信的秘密'), '收到：企业微信的秘密')
      const { contents } = gemini.requests.at(-1)!.body
      assert.doesNotMatch(JSON.stringify(contents), /钉钉/)
      await dingtalk.say('再来', { userId: 'alice' })
      await messages(2)
      assert.match(JSON.stringify(gemini.requests.at(-1)!.body), /钉钉的秘密/)
      assert.doesNotMatch(JSON.stringify(gemini.requests.at(-1)!.body), /企业微信/)
    })

    for (const [name, env, expected] of [
      ['has the wrong secret', { DINGTALK_CLIENT_SECRET: 'wrong-secret' }, /invalidClientIdOrSecret.*check DINGTALK_CLIENT_ID/],
      ['is out of reach', { DINGTALK_API_ENDPOINT: 'http://127.0.0.1:{port}/v1.0/' }, /cannot be reached \(ECONNREFUSED\)/],
    ] as const) {
      it(`answers on WeCom when DingTalk ${name}, and logs why in one line`, async () => {
        const port = String(await freePort())
        const settings = Object.entries(env).map(([key, value]) => [key, value.replace('{port}', port)])
        const usualMs = startMs
        await start({ PLATFORM: 'both', ...wecom, ...Object.fromEntries(settings) })
        assert.ok(startMs < 2 * usualMs + 8000, `the start waited for DingTalk: ${startMs} ms instead of ${usualMs} ms`)
        assert.equal(await ask('你好'), '收到：你好')
        await until(() => expected.test(instance!.output), 'the line')
        assert.equal(instance!.output.match(/the bot cannot connect/g)?.length, 1)
        assert.doesNotMatch(instance!.output, /wrong-secret/)
      })
    }

    it('runs DingTalk alone with PLATFORM=dingtalk', async () => {
      await start({ PLATFORM: 'dingtalk', ...wecom })
      assert.equal((await instance!.get('/api/wecom/callback')).status, 404)
      await dingtalk.say('你好')
      await messages(1)
    })
  })
})
