import assert from 'node:assert/strict'
import type { Gemini } from 'testkit'
import { WecomClient, createGemini, scenarios } from 'testkit'
import { Instance } from '../support/instance'

const credentials = {
  WECOM_BOT_TOKEN: 'conversationToken',
  WECOM_BOT_ENCODING_AES_KEY: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8',
  WECOM_BOT_NAME: '小 助手',
}

describe('WeCom conversation with the complete instance', function() {
  this.timeout(240_000)

  let gemini: Gemini
  let instance: Instance
  let client: WecomClient

  before(async () => {
    gemini = await createGemini()
    instance = await start()
  })

  after(async () => {
    await instance.close()
    await gemini.close()
  })

  async function start(previous?: Instance) {
    const next = await Instance.start({
      env: { ...credentials, GEMINI_API_KEY: 'spec-key', GEMINI_BASE_URL: gemini.url },
      after: previous,
    })
    client = new WecomClient({
      url: `http://127.0.0.1:${next.port}/api/wecom/callback`,
      token: credentials.WECOM_BOT_TOKEN,
      encodingAESKey: credentials.WECOM_BOT_ENCODING_AES_KEY,
      botName: credentials.WECOM_BOT_NAME,
      pollInterval: 30,
    })
    return next.ready()
  }

  /** Requests the current state of a stream. */
  async function poll(id: string) {
    const { content = '', finish } = (await client.poll(id)).reply!.stream!
    return { content, finish }
  }

  /** Makes the model pause in the middle of its answer. @returns a function that resumes it */
  function holdAnswer(before: string, after: string) {
    let release = () => {}
    const gate = new Promise<void>((resolve) => { release = resolve })
    gemini.respond(scenarios.text(before, gate, after))
    return release
  }

  it('verifies the callback URL', async () => {
    assert.equal((await client.verify()).ok, true)
  })

  it('shows a growing answer, and finally all of it', async () => {
    const release = holdAnswer('# 标题\n\n你好', '，`世界`！')
    const seen: string[] = []
    for await (const { content, finish } of client.ask('讲个故事')) {
      seen.push(content)
      if (content.includes('你好') && !finish) release()
      if (finish) assert.equal(content, '# 标题\n\n你好，`世界`！')
    }
    assert.ok(seen.includes('# 标题\n\n你好'), `the first half is missing in ${JSON.stringify(seen)}`)
    const [{ body }] = gemini.requests.slice(-1)
    assert.match(JSON.stringify(body), /讲个故事/)
  })

  it('answers a mention in a group, without the mention in the question', async () => {
    gemini.respond(scenarios.text('群里好'))
    const frames = []
    for await (const frame of client.ask('你好 @H323', { chatId: 'wrGROUP' })) frames.push(frame)
    assert.equal(frames.at(-1)?.content, '群里好')
    const { contents } = gemini.requests.at(-1)!.body as { contents: { parts: { text: string }[] }[] }
    assert.equal(contents.at(-1)!.parts[0].text, '你好 @H323')
    assert.equal(contents.length, 1, 'the group must not see the history of the single chat')
  })

  it('runs a command instead of asking the model', async () => {
    const asked = gemini.requests.length
    const frames = []
    for await (const frame of client.ask('echo hello')) frames.push(frame)
    assert.deepEqual(frames.map(({ content, finish }) => [content, finish]), [['hello', true]])
    assert.equal(gemini.requests.length, asked)
  })

  it('sends a card with buttons if it is configured', async () => {
    const other = await Instance.start({
      env: {
        ...credentials,
        WECOM_BOT_STREAM_STYLE: 'stream_with_template_card',
        GEMINI_API_KEY: 'spec-key',
        GEMINI_BASE_URL: gemini.url,
      },
    })
    try {
      await other.ready()
      const url = `http://127.0.0.1:${other.port}/api/wecom/callback`
      const { WECOM_BOT_TOKEN: token, WECOM_BOT_ENCODING_AES_KEY: encodingAESKey } = credentials
      const otherClient = new WecomClient({ url, token, encodingAESKey, pollInterval: 30 })
      const release = holdAnswer('慢慢说', '说完了')
      const { reply } = await otherClient.post(otherClient.text('带卡片'))
      const card = reply!.template_card as {
        card_type: string
        task_id: string
        button_list: { text: string, key: string }[]
      }
      assert.deepEqual(card.button_list.map(({ text }) => text), ['停止', '重新回答', '新对话'])
      const [{ key }] = card.button_list
      const click = { cardType: card.card_type, eventKey: key, taskId: card.task_id }
      const update = (await otherClient.post(otherClient.cardClick(click))).reply!
      assert.equal(update.response_type, 'update_template_card')
      let last = { content: '', finish: false }
      while (!last.finish) last = (await otherClient.poll(reply!.stream!.id)).reply!.stream as typeof last
      assert.doesNotMatch(last.content, /说完了/)
      release()
    } finally {
      await other.close()
    }
  })

  it('stops during an answer, and finishes it with a notice after the restart', async () => {
    const release = holdAnswer('开头', '结尾')
    const { reply } = await client.post(client.text('说一半', { msgId: 'half' }))
    const id = reply!.stream!.id
    while (!(await poll(id)).content.includes('开头'));
    instance.process.kill('SIGTERM')
    assert.equal(await instance.exited, 0)
    instance = await start(instance)
    const asked = gemini.requests.length
    const { content, finish } = await poll(id)
    assert.equal(finish, true)
    assert.match(content, /^开头[^]*重启/)
    const again = (await client.post(client.text('说一半', { msgId: 'half' }))).reply!.stream!
    assert.equal(again.id, id)
    assert.equal(again.finish, true)
    assert.equal(gemini.requests.length, asked, 'a repeated message must not reach the model again')
    release()
  })

  it('finishes an answer with a notice after being killed', async () => {
    const release = holdAnswer('已经说了的', '没来得及说的')
    const message = client.text('杀掉', { msgId: 'killed' })
    const id = (await client.post(message)).reply!.stream!.id
    while (!(await poll(id)).content.includes('已经说了的'));
    // What a stream has shown is saved within a quarter of a second; this leaves time for a busy machine.
    await new Promise(resolve => setTimeout(resolve, 2000))
    const worker = await instance.workerPid()
    process.kill(worker, 'SIGKILL')
    // The launcher would start another worker.
    instance.process.kill('SIGKILL')
    await instance.exited
    instance = await start(instance)
    const asked = gemini.requests.length
    const { content, finish } = await poll(id)
    assert.equal(finish, true)
    assert.match(content, /^已经说了的[^]*重启/)
    await client.post(message)
    assert.equal(gemini.requests.length, asked)
    release()
  })

  it('keeps the history across restarts', async () => {
    gemini.respond(scenarios.text('当然记得'))
    for await (const frame of client.ask('还记得我吗')) assert.ok(frame.content)
    assert.match(JSON.stringify(gemini.requests.at(-1)!.body), /讲个故事/)
  })

  it('logs neither secrets nor errors', () => {
    for (const secret of [...Object.values(credentials).slice(0, 2), 'spec-key']) {
      assert.ok(!instance.output.includes(secret))
    }
    assert.doesNotMatch(instance.output, /\[E\]|TypeError/)
  })
})
