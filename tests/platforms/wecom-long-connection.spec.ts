import assert from 'node:assert/strict'
import { until } from 'common/testing'
import { WecomGateway, createGemini, scenarios } from 'testkit'
import type { Gemini } from 'testkit'
import { Instance } from '../support/instance'

const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

/** A part of an answer: a picture of about this many bytes. */
function picture(bytes = 0, head = PNG, mimeType = 'image/png') {
  return { inlineData: { mimeType, data: Buffer.concat([head, Buffer.alloc(bytes)]).toString('base64') } }
}

describe('answers over the long connection of WeCom with the complete instance', function() {
  this.timeout(240_000)

  let gemini: Gemini
  let gateway: WecomGateway
  let instance: Instance

  before(async () => {
    gemini = await createGemini()
    gateway = await WecomGateway.create()
    instance = await Instance.start({
      env: {
        WECOM_BOT_MODE: 'websocket', WECOM_BOT_ID: 'AIBOTID', WECOM_BOT_SECRET: 'SECRET', WECOM_BOT_WS_URL: gateway.url,
        WECOM_BOT_TRUSTED_HOSTS: '127.0.0.1', GEMINI_API_KEY: 'spec-key', GEMINI_BASE_URL: gemini.url,
      },
    })
    await instance.ready()
    await until(() => gateway.isSubscribed(), () => instance.output)
  })

  afterEach(() => assert.deepEqual(gateway.violations, []))

  after(async () => {
    await instance.close()
    await gateway.close()
    await gemini.close()
  })

  /** Waits until a person's conversation shows so many messages, all of them complete. */
  async function shown(chatId: string, count: number) {
    const messages = () => gateway.messages(chatId)
    await until(() => messages().length >= count && messages().every(({ isFinished }) => isFinished), () => {
      return `${JSON.stringify(messages())}\n${instance.output}`
    })
    return messages().map(({ type, content }) => type === 'stream' ? content : type)
  }

  it('have their pictures uploaded, small and large ones, and only a word about them kept', async () => {
    const webp = picture(100, Buffer.from('RIFF\0\0\0\0WEBPVP8 ', 'latin1'), 'image/webp')
    gemini.respond(scenarios.text('图：', picture(1000)), scenarios.text('图：', picture(1_500_000), webp), scenarios.text('好'))
    gateway.say('画一张', { userId: 'painter' })
    assert.deepEqual((await shown('painter', 2)).sort(), ['image', '图：'])
    gateway.say('再画两张', { userId: 'painter' })
    const messages = await shown('painter', 5)
    assert.deepEqual(messages.slice(2).sort(), ['file', 'image', '图：\n\n（图片另发了消息。）'])
    assert.deepEqual(gateway.uploads().map(({ type, bytes }) => [type, bytes.length]), [
      ['image', PNG.length + 1000], ['image', PNG.length + 1_500_000], ['file', 116],
    ])
    gateway.say('再说', { userId: 'painter' })
    await shown('painter', 6)
    const { contents } = gemini.requests.at(-1)!.body
    assert.deepEqual([contents[1].parts, contents[3].parts], [[{ text: '图：[image]' }], [{ text: '图：[image][image]' }]])
  })

  it('have Markdown in the dialect of WeCom', async () => {
    gemini.respond(scenarios.text('**注意：**请', '在 10~25 日提交，夜间 5~8℃\n\n| a |\n| - |\n| 一<b', 'r>二 |'))
    gateway.say('报销', { userId: 'reader' })
    const [content] = await shown('reader', 1)
    assert.equal(content.replaceAll('\u200a', '·'), '**注意：**·请在 10·~25 日提交，夜间 5·~8℃\n\n| a |\n| - |\n| 一；二 |')
  })

  it('know a file by its name', async () => {
    gemini.respond(scenarios.text('看了'))
    const file = gateway.media(Buffer.from('品名,价格\n螺丝,3'), '报价单.csv')
    gateway.deliver(gateway.payloads.message('file', file, { userId: 'sender' }))
    assert.deepEqual(await shown('sender', 1), ['看了'])
    assert.equal(gemini.requests.at(-1)!.body.contents[0].parts[0].text, '[file] 报价单.csv')
  })
})
