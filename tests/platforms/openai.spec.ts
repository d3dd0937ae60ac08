import assert from 'node:assert/strict'
import { createOpenAi, openAiScenarios, WecomClient } from 'testkit'
import type { OpenAiServer } from 'testkit'
import { Instance } from '../support/instance'

describe('the instance with a service in the dialect of OpenAI alone', function() {
  this.timeout(240_000)
  const credentials = {
    WECOM_BOT_TOKEN: 'conversationToken',
    WECOM_BOT_ENCODING_AES_KEY: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8',
    WECOM_BOT_NAME: '小助手',
  }
  let service: OpenAiServer
  let instance: Instance
  let client: WecomClient

  before(async () => {
    service = await createOpenAi({ keys: ['sk-of-this-spec'] })
    instance = await Instance.start({
      env: { ...credentials, OPENAI_BASE_URL: service.url, OPENAI_API_KEY: 'sk-of-this-spec', OPENAI_MODEL: 'qwen3' },
    })
    client = new WecomClient({
      url: `http://127.0.0.1:${instance.port}/api/wecom/callback`,
      token: credentials.WECOM_BOT_TOKEN,
      encodingAESKey: credentials.WECOM_BOT_ENCODING_AES_KEY,
      botName: credentials.WECOM_BOT_NAME,
      pollInterval: 30,
    })
    await instance.ready()
  })

  after(async () => {
    await instance.close()
    await service.close()
  })

  async function say(text: string) {
    let last = ''
    for await (const { content } of client.ask(text)) last = content
    return last
  }

  it('answers through it, and keeps the conversation', async () => {
    service.respond(openAiScenarios.text({ reasoning_content: 'hm' }, '**你', '好**'), openAiScenarios.text('再见'))
    assert.match(await say('你好'), /\*\*你好\*\*/)
    assert.match(await say('下次见'), /再见/)
    const { model, messages } = service.requests.at(-1)!.body as { model: string, messages: { content: string }[] }
    assert.equal(model, 'qwen3')
    assert.deepEqual(messages.slice(-3).map(({ content }) => content), ['你好', '**你好**', '下次见'])
  })

  it('says which service refuses the key, to the person and in the log', async () => {
    service.respond(openAiScenarios.badKey())
    assert.match(await say('在吗'), /^openai 没有接受我的 API 密钥/)
    assert.match(instance.output, /auth \(401\) at openai: /)
    service.respond()
  })

  it('reports it at the start, without the key', () => {
    assert.match(instance.output, new RegExp(`127\\.0\\.0\\.1:${service.port}[^]*qwen3`))
    assert.doesNotMatch(instance.output, /sk-of-this-spec/)
  })
})
